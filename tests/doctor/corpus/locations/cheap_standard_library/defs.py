import csv
import json
import re
import dagster as dg

@dg.asset
def parsed():
    return json.dumps(re.findall("x", "xx")), csv

defs = dg.Definitions(assets=[parsed])
