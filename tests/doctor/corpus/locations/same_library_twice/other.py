from hv_bytes import parse  # same=b

def again(text):
    return parse(text)
