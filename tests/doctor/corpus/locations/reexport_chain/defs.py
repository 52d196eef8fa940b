import dagster as dg
from tools import NAMES, parse

@dg.asset(metadata={"names": len(NAMES)})
def texts():
    return [parse(name) for name in NAMES]

defs = dg.Definitions(assets=[texts])
