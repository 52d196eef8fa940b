import dagster as dg
from hv_pure import parse  # blame: run

@dg.asset
def parsed():
    return parse("x")
