import dagster as dg
import hv_pure  # blame: define

NAME = hv_pure.parse(" made ")  # without: NAME = "made"
made = dg.AssetSpec(NAME)
defs = dg.Definitions(assets=[made])
