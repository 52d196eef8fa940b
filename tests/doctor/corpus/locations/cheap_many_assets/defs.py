import dagster as dg

specs = [dg.AssetSpec(f"asset_{number}") for number in range(100)]
defs = dg.Definitions(assets=specs)
