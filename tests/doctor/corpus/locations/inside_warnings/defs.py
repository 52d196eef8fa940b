import warnings
import dagster as dg
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import hv_ctypes  # blame: run

@dg.asset
def parsed():
    return hv_ctypes.parse("x")

defs = dg.Definitions(assets=[parsed])
