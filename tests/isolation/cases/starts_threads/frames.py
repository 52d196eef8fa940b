import dagster as dg
import polars as pl


@dg.asset
def frame():
    return pl.DataFrame({"a": [1]}).height


@dg.sensor(target=[frame])
def tell(context):
    return dg.SkipReason(str(pl.DataFrame({"a": [1, 2]}).height))


defs = dg.Definitions(assets=[frame], sensors=[tell])
