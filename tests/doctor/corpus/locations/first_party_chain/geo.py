import hv_bytes  # blame: run

def place(text):
    return hv_bytes.parse(text)
