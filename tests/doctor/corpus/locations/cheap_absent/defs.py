import dagster as dg
try:
    import hv_absent
except ImportError:
    hv_absent = None

@dg.asset
def nothing():
    return hv_absent

defs = dg.Definitions(assets=[nothing])
