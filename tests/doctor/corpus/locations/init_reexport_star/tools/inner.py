from hv_star import one, two  # blame: run
__all__ = ["one", "two"]  # without: __all__ = []
