from hv_mmap import parse  # same=m
def f(text):
    return parse(text)
