import dagster as dg
from hv_bytes import Parser  # blame: define

@dg.asset(required_resource_keys={"parser"})
def parsed(context):
    return context.resources.parser.size

defs = dg.Definitions(assets=[parsed], resources={"parser": Parser(2)})  # without: defs = dg.Definitions(assets=[parsed], resources={"parser": 2})
