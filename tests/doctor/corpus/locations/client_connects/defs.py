import socket
import dagster as dg

link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.connect(("127.0.0.1", 9))  # blame: any kind=client memory=no

@dg.asset
def sent():
    return link.fileno()

defs = dg.Definitions(assets=[sent])
