import dagster as dg
import hv_left  # blame: run
import hv_right  # blame: run

@dg.asset
def parsed():
    return hv_left.parse(hv_right.parse("x"))

defs = dg.Definitions(assets=[parsed])
