from hv_dicts import look  # blame: run

def parsed():
    return look("1")
