import dagster as dg
import hv_threads  # blame: run memory=no

@dg.asset
def flushed():
    hv_threads.flush()

defs = dg.Definitions(assets=[flushed])
