import two

def parsed():
    return two.parsed()
