import dagster as dg
import hv_registry
import hv_plugin  # blame: define
import hv_mmap  # blame: run

@dg.asset
def parsed():
    return hv_mmap.parse("x")

names = hv_registry.PLUGINS.values()
defs = dg.Definitions(assets=[parsed, *(dg.AssetSpec(name) for name in names)])
