import dagster as dg
import hv_child  # blame: run memory=no

@dg.asset
def asked():
    return hv_child.ask()

defs = dg.Definitions(assets=[asked])
