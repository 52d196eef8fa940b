import dagster as dg
import one
import two

@dg.asset
def parsed():
    return one.parsed() + two.parsed()

defs = dg.Definitions(assets=[parsed])
