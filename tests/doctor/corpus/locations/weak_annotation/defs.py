import dagster as dg
from hv_pure import Thing, parse  # blame: define

def shown(thing: Thing) -> str:  # without: def shown(thing) -> str:
    return parse("x")

@dg.asset
def parsed():
    return shown(None)

defs = dg.Definitions(assets=[parsed])
