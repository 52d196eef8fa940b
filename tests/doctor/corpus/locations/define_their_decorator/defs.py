import dagster as dg
from hv_pure import marked  # blame: define

@dg.asset
@marked  # without: 
def plain():
    return 1

defs = dg.Definitions(assets=[plain])
