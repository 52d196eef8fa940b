import dagster as dg
import hv_pure as hp  # blame: run

@dg.asset
def parsed():
    return hp.parse("x")

defs = dg.Definitions(assets=[parsed])
