import dagster as dg
from tools import *

@dg.asset
def texts():
    return one()

defs = dg.Definitions(assets=[texts])
