import dagster as dg
import cheap_small

@dg.asset
def parsed():
    return cheap_small.parse("x")

defs = dg.Definitions(assets=[parsed])
