import dagster as dg
import hv_slow  # blame: run memory=no

@dg.asset
def parsed():
    return hv_slow.parse("x")

defs = dg.Definitions(assets=[parsed])
