import contextlib
import dagster as dg
with contextlib.suppress(ImportError):
    import hv_ctypes  # blame: run

@dg.asset
def parsed():
    return hv_ctypes.parse("x")

defs = dg.Definitions(assets=[parsed])
