import dagster as dg
from hv_star import *  # blame: run

@dg.asset
def first():
    return one() + two()

defs = dg.Definitions(assets=[first])
