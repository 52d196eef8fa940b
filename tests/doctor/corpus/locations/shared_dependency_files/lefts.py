from hv_left import parse  # blame: run

def left(text):
    return parse(text)
