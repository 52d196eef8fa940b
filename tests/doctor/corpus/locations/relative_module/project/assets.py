import dagster as dg
from . import reading

@dg.asset
def parsed():
    return reading.read()
