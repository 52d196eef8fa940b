import dagster as dg
from tools import parse  # without: parse = str

@dg.asset
def texts():
    return parse("x")

defs = dg.Definitions(assets=[texts])
