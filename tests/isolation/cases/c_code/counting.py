"""The library with C code alone."""

import json

import dagster as dg
import numpy as np


@dg.asset
def total() -> float:
    return float(np.arange(4).sum())


@dg.sensor(asset_selection=[total], minimum_interval_seconds=10)
def tell(context):
    return dg.SkipReason(json.dumps({"sum": int(np.arange(4).sum())}))


defs = dg.Definitions(assets=[total], sensors=[tell])
