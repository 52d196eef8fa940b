import dagster as dg
from ours.deep.reading import read

@dg.asset
def texts():
    return read()

defs = dg.Definitions(assets=[texts])
