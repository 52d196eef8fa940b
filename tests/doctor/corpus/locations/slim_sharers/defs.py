import dagster as dg
import hv_slim_left  # blame: run same=core
import hv_slim_right  # same=core

@dg.asset
def parsed():
    return hv_slim_left.parse(hv_slim_right.parse("x"))

defs = dg.Definitions(assets=[parsed])
