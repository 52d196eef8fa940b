import dagster as dg
import hv_left  # blame: run
import hv_right  # blame: define

@dg.asset(name=hv_right.parse("parsed"))  # without: @dg.asset(name="parsed")
def parsed():
    return hv_left.parse("x")

defs = dg.Definitions(assets=[parsed])
