import dagster as dg
from project import assets

defs = dg.Definitions(assets=dg.load_assets_from_modules([assets]))
