import dagster as dg
from hv_pure import NAMES  # blame: define

regions = dg.StaticPartitionsDefinition(NAMES)  # without: regions = dg.StaticPartitionsDefinition(["north", "south"])

@dg.asset(partitions_def=regions)
def by_region():
    return 1

defs = dg.Definitions(assets=[by_region])
