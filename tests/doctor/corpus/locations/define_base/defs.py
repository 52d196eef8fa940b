import dagster as dg
from hv_bytes import Parser  # blame: define

class Ours(Parser):  # without: class Ours:
    pass

@dg.asset
def parsed():
    return Ours().size

defs = dg.Definitions(assets=[parsed])
