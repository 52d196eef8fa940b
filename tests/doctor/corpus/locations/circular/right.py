import left
from hv_mmap import parse  # blame: run
