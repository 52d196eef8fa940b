import hv_mmap as m  # same=m
def f(text):
    return m.parse(text)
