import dagster as dg
import hv_left, hv_dicts  # blame: run

@dg.asset
def worked():
    return hv_left.parse(hv_dicts.look("1"))
