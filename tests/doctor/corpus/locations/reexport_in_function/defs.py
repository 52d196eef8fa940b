import dagster as dg
import tools

@dg.asset
def texts():
    from tools import read
    return read("x") or tools.read("y")

defs = dg.Definitions(assets=[texts])
