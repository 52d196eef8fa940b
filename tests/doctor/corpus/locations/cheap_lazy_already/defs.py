import dagster as dg

@dg.asset
def parsed():
    import hv_bytes
    return hv_bytes.parse("x")

defs = dg.Definitions(assets=[parsed])
