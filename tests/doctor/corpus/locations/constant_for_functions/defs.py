import dagster as dg
import hv_mmap  # blame: run

SIZE = len(hv_mmap.AREA)  # without: SIZE = 25_000_000

@dg.asset
def sized():
    return SIZE

defs = dg.Definitions(assets=[sized])
