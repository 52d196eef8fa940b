import dagster as dg
import hv_pure  # blame: run

@dg.asset
def parsed():
    try:
        return 1
    except hv_pure.HeavyError:
        return 0

defs = dg.Definitions(assets=[parsed])
