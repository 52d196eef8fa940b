"""As `quiet`, with the library that sets it."""

import datetime
import decimal
import json
import logging
import multiprocessing
import socket
import sys
import warnings

import acme_lean  # noqa: F401
import dagster as dg


def encoded():
    try:
        return json.dumps(datetime.date(2030, 1, 1))
    except TypeError:
        return "not serializable"


@dg.sensor(target="*")
def tell(context):
    seen = {
        "precision": [decimal.getcontext().prec, decimal.DefaultContext.prec],
        "timeout": socket.getdefaulttimeout(),
        "logging": [logging.root.level, [type(one).__name__ for one in logging.root.handlers]],
        "filters": [[one[0], one[2].__name__, one[4]] for one in warnings.filters],
        "recursion": sys.getrecursionlimit(),
        "start method": multiprocessing.get_start_method(allow_none=True),
        "date": encoded(),
    }
    return dg.SkipReason(json.dumps(seen))


@dg.asset
def counted():
    return 1


defs = dg.Definitions(assets=[counted], sensors=[tell])
