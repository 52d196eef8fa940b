import dagster as dg
from hv_deep.second import answer  # blame: run

@dg.asset
def answered():
    return answer()

defs = dg.Definitions(assets=[answered])
