import dagster as dg
from cheap_small import parse

@dg.asset
def more():
    return parse("x")
