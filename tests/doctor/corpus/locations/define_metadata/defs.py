import dagster as dg
from hv_bytes import SIZE  # blame: define

@dg.asset(
    metadata={"size": SIZE},  # without: metadata={"size": 30},
)
def sized():
    return 1

defs = dg.Definitions(assets=[sized])
