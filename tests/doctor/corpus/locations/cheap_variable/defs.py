import os
import dagster as dg

HOME = os.environ.get("HOME", "/")

@dg.asset
def home():
    return HOME

defs = dg.Definitions(assets=[home])
