TABLE = bytearray(b"t") * 20_000_000  # blame: any kind=body

def lookup(number):
    return TABLE[number]
