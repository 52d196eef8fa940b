import dagster as dg
import json, hv_bytes  # blame: run

@dg.asset
def parsed():
    return json.loads(hv_bytes.parse("1"))

defs = dg.Definitions(assets=[parsed])
