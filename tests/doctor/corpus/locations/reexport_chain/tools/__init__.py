from tools.reading import NAMES, parse
__all__ = ["NAMES", "parse"]
