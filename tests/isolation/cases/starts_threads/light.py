import json
import sys

import dagster as dg


@dg.asset
def feather():
    return 1


@dg.sensor(target=[feather])
def tell(context):
    return dg.SkipReason(json.dumps({"polars": "polars" in sys.modules}))


defs = dg.Definitions(assets=[feather], sensors=[tell])
