import dagster as dg
import left

@dg.asset
def parsed():
    return left.parsed()

defs = dg.Definitions(assets=[parsed])
