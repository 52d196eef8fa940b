import dagster as dg
import hv_bytes  # blame: run

parser = lambda text: hv_bytes.parse(text)

@dg.asset
def parsed():
    return parser("x")

defs = dg.Definitions(assets=[parsed])
