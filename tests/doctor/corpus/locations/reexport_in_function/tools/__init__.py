from hv_mmap import parse as read  # blame: run
