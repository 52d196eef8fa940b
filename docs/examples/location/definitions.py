import dagster as dg


@dg.asset
def orders() -> int:
    return 1


defs = dg.Definitions(assets=[orders])
