import dagster as dg
import hv_deep.second as second  # blame: run

@dg.asset
def size():
    return second.answer()

defs = dg.Definitions(assets=[size])
