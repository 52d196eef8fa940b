import dagster as dg
import hv_deep.data  # blame: run

@dg.asset
def size():
    return len(hv_deep.data.BLOCK)

defs = dg.Definitions(assets=[size])
