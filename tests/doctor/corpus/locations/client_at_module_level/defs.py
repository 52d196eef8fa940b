import dagster as dg
from hv_client import HeavyClient

client = HeavyClient("example")  # blame: any kind=client

@dg.asset
def got():
    return client.get()

defs = dg.Definitions(assets=[got])
