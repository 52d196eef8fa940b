import dagster as dg

FAST = True
if FAST:
    try:
        import hv_bytes as library  # blame: run
    except ImportError:
        library = None
else:
    library = None

@dg.asset
def parsed():
    return library.parse("x")

defs = dg.Definitions(assets=[parsed])
