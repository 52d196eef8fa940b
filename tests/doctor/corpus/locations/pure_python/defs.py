import dagster as dg
from hv_dicts import look  # blame: run

@dg.asset
def looked():
    return look("7")

defs = dg.Definitions(assets=[looked])
