import sys
import dagster as dg
if sys.version_info >= (3, 8):
    import hv_bytes  # blame: run
else:
    hv_bytes = None

@dg.asset
def parsed():
    return hv_bytes.parse("x")

defs = dg.Definitions(assets=[parsed])
