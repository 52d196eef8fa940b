import http.client
import dagster as dg

try:
    http.client.HTTPConnection("127.0.0.1", 9, timeout=1).request("GET", "/")  # blame: any kind=http memory=no
except OSError:
    pass

@dg.asset
def got():
    return 1

defs = dg.Definitions(assets=[got])
