import dagster as dg
try:
    import hv_bytes  # blame: run
except ImportError:
    hv_bytes = None

@dg.asset
def parsed():
    return hv_bytes.parse("x") if hv_bytes else "x"

defs = dg.Definitions(assets=[parsed])
