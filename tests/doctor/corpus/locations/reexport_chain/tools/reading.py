from hv_bytes import parse  # blame: run

NAMES = ("x", "y")
