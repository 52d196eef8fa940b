"""A library that changes others comes first, one with C code after it."""

import json

import dagster as dg
import grequests  # noqa: F401
import numpy as np


@dg.asset
def total() -> float:
    return float(np.arange(4).sum())


@dg.sensor(asset_selection=[total], minimum_interval_seconds=10)
def tell(context):
    return dg.SkipReason(json.dumps({"sum": int(np.arange(4).sum())}))


defs = dg.Definitions(assets=[total], sensors=[tell])
