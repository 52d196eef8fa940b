import dagster as dg
from hv_pure import (  # blame: run
    Thing,
    parse,
)

@dg.asset
def parsed():
    return parse("x"), Thing

defs = dg.Definitions(assets=[parsed])
