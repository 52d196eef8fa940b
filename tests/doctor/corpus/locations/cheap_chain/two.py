from cheap_mid import parse

def parsed():
    return parse("x")
