from hv_mmap import parse  # blame: run

def read():
    return parse("x")
