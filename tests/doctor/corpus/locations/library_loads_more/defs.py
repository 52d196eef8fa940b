import dagster as dg
import hv_lazy

SIZE = hv_lazy.load()  # blame: any kind=any

@dg.asset
def sized():
    return SIZE

defs = dg.Definitions(assets=[sized])
