import sys
import dagster as dg
if sys.version_info < (3, 8):
    import cheap_small as library
else:
    import hv_mmap as library  # blame: run

@dg.asset
def parsed():
    return library.parse("x")

defs = dg.Definitions(assets=[parsed])
