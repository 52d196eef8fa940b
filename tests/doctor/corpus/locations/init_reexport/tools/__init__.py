from hv_pure import parse  # blame: run
__all__ = ["parse"]
