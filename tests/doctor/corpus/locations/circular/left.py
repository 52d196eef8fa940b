import right

def parsed():
    return right.parse("x")
