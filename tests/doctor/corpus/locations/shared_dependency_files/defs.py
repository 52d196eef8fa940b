import dagster as dg
from lefts import left
from rights import right

@dg.asset
def parsed():
    return left(right("x"))

defs = dg.Definitions(assets=[parsed])
