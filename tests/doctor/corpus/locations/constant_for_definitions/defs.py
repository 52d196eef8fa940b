import dagster as dg
import hv_mmap  # blame: define

SIZE = len(hv_mmap.AREA)  # without: SIZE = 25_000_000
LABEL = str(SIZE)

@dg.asset(metadata={"size": LABEL})
def sized():
    return SIZE

defs = dg.Definitions(assets=[sized])
