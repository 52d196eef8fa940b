from hv_right import parse  # blame: run

def right(text):
    return parse(text)
