import dagster as dg
from hv_wait import parse  # blame: run memory=no

@dg.asset
def parsed():
    return parse("x")

defs = dg.Definitions(assets=[parsed])
