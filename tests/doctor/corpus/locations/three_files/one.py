import hv_bytes  # blame: run

def parsed():
    return hv_bytes.parse("x")
