import dagster as dg
from hv_client import HeavyClient

@dg.asset
def got():
    return HeavyClient("example").get()

defs = dg.Definitions(assets=[got])
