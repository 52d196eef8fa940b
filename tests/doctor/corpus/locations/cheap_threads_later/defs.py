import threading
import dagster as dg

@dg.asset
def threaded():
    threading.Thread(target=print).start()

defs = dg.Definitions(assets=[threaded])
