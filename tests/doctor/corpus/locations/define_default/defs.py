import dagster as dg
from hv_bytes import SIZE  # blame: define

def build(size=SIZE):  # without: def build(size=30):
    return dg.AssetSpec("built", metadata={"size": size})

defs = dg.Definitions(assets=[build()])
