import threading
import dagster as dg

stop = threading.Event()
watcher = threading.Thread(target=stop.wait, daemon=True)
watcher.start()  # blame: any kind=thread memory=no

@dg.asset
def watched():
    return 1

defs = dg.Definitions(assets=[watched])
