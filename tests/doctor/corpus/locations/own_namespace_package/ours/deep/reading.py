import hv_bytes  # blame: run

def read():
    return hv_bytes.parse("x")
