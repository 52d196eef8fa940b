import importlib
import dagster as dg

library = importlib.import_module("hv_mmap")  # blame: any kind=import

@dg.asset
def parsed():
    return library.parse("x")

defs = dg.Definitions(assets=[parsed])
