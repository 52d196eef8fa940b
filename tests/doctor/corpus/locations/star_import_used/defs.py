import dagster as dg
from hv_star import *  # blame: define

@dg.asset(metadata={"n": two()})  # without: @dg.asset(metadata={"n": 2})
def first():
    return 1

defs = dg.Definitions(assets=[first])
