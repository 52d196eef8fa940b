import dagster as dg
import hv_bytes  # blame: run same=b
from other import again

@dg.asset
def parsed():
    return hv_bytes.parse(again("x"))

defs = dg.Definitions(assets=[parsed])
