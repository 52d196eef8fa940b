import dagster as dg
from tools.reading import read

@dg.asset
def texts():
    return read()

defs = dg.Definitions(assets=[texts])
