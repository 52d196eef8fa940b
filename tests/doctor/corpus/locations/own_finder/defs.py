import finding
import dagster as dg
import made_up
from hv_mmap import parse  # blame: run

@dg.asset
def parsed():
    return parse(made_up.TEXT)

defs = dg.Definitions(assets=[parsed])
