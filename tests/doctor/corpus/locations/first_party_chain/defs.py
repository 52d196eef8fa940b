import dagster as dg
from helpers import shorten

@dg.asset
def short():
    return shorten("x")

defs = dg.Definitions(assets=[short])
