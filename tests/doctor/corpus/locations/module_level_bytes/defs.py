import dagster as dg
from tables import lookup

@dg.asset
def looked():
    return lookup(1)

defs = dg.Definitions(assets=[looked])
