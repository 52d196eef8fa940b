import dagster as dg
from .assets import parsed

defs = dg.Definitions(assets=[parsed])
