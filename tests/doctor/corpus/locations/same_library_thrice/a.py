import hv_mmap  # blame: run same=m
def f(text):
    return hv_mmap.parse(text)
