import json
import socket
import sys

import dagster as dg


@dg.asset(metadata={"socket": socket.socket.__module__, "gevent": str("gevent" in sys.modules)})
def balance(context):
    context.log.info(socket.socket.__module__)


@dg.sensor(target=[balance], minimum_interval_seconds=10, default_status=dg.DefaultSensorStatus.RUNNING)
def tell(context):
    return dg.SkipReason(json.dumps({"socket": socket.socket.__module__, "gevent": "gevent" in sys.modules}))


defs = dg.Definitions(assets=[balance], sensors=[tell], jobs=[dg.define_asset_job("close_books")])
