import dagster as dg
import one

@dg.asset
def parsed():
    return one.parsed()

defs = dg.Definitions(assets=[parsed])
