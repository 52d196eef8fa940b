import dagster as dg
import hv_bytes  # blame: run

@dg.asset
def nothing():
    return 1

defs = dg.Definitions(assets=[nothing])
