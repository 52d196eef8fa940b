import dagster as dg
import hv_registry
import hv_plugin  # blame: define

defs = dg.Definitions(assets=[dg.AssetSpec(name) for name in hv_registry.PLUGINS.values()])
