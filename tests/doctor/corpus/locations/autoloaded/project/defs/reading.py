import dagster as dg
from hv_bytes import parse  # blame: run

@dg.asset
def parsed():
    return parse("x")
