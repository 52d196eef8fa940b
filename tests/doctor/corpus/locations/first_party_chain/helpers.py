from geo import place

def shorten(text):
    return place(text)[:3]
