import dagster as dg
from hvns.one import parse  # blame: run

@dg.asset
def parsed():
    return parse("x")

defs = dg.Definitions(assets=[parsed])
