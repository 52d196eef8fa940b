import dagster as dg
import hv_bytes  # blame: run

@dg.asset
def parsed():
    return hv_bytes.parse("x")

defs = dg.Definitions(assets=[parsed])
