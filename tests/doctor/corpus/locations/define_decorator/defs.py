import dagster as dg
import hv_pure  # blame: define

@dg.asset(code_version=hv_pure.VERSION)  # without: @dg.asset(code_version="1.0")
def versioned():
    return 1

defs = dg.Definitions(assets=[versioned])
