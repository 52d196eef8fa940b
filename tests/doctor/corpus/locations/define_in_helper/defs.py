import dagster as dg
from specs import specs

defs = dg.Definitions(assets=specs)
