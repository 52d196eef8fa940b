import dagster as dg
import grequests  # noqa: F401


@dg.asset
def pulled():
    return 1


defs = dg.Definitions(assets=[pulled])
