import dagster as dg
from hv_deep import data as heavy_data  # blame: run

@dg.asset
def size():
    return len(heavy_data.BLOCK)

defs = dg.Definitions(assets=[size])
