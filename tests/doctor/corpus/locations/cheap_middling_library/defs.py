import dagster as dg
from cheap_mid import parse

@dg.asset
def parsed():
    return parse("x")

defs = dg.Definitions(assets=[parsed])
