import dagster as dg
from factory import made

defs = dg.Definitions(assets=[made(name) for name in ("a", "b")])
