import dagster as dg
try:
    import cheap_small
except ImportError:
    cheap_small = None
else:
    from hv_pure import parse  # blame: run

@dg.asset
def parsed():
    return parse("x")

defs = dg.Definitions(assets=[parsed])
