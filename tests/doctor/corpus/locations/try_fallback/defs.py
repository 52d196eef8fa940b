import dagster as dg
try:
    import hv_absent as library
except ImportError:
    import hv_mmap as library  # blame: run

@dg.asset
def parsed():
    return library.parse("x")

defs = dg.Definitions(assets=[parsed])
