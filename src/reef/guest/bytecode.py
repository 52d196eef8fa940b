"""Python knows bytecode by the size of its source and the second in which that was saved.

A probe loads a file right after it was saved; if it is saved again within that second, as long as before, its bytecode
would pass for that of the new one.
"""

from __future__ import annotations

import importlib.machinery
import os
import time
from typing import Any

SETTLED_S = 2.0  # the second of the save, and time for reading and compiling


def of_settled_files_only() -> None:
    """From here on this process writes bytecode only of files that have not been saved just now."""
    loader: Any = importlib.machinery.SourceFileLoader
    usual = getattr(loader, "_cache_bytecode", None)
    if usual is None:
        return

    def cache(self: Any, source: str, bytecode: str, data: Any) -> Any:
        return usual(self, source, bytecode, data) if _is_settled(source) else None

    loader._cache_bytecode = cache


def _is_settled(source: str) -> bool:
    try:
        return time.time() - os.stat(source).st_mtime >= SETTLED_S
    except OSError:
        return False
