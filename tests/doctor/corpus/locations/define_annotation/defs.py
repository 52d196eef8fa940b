import dagster as dg
from hv_pure import Thing  # blame: define

@dg.asset
def thing() -> Thing:  # without: def thing():
    return Thing()

defs = dg.Definitions(assets=[thing])
