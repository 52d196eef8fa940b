"""A child of an older version: what is kept of its source is found before what lies there now."""

from __future__ import annotations

import os
import sys
from typing import Any


def first(base: str) -> None:
    """Before each entry of `sys.path` its place in the tree `base`, where the tree really has one. Processes that
    multiprocessing spawns take `sys.path` over."""
    if not base:
        return
    found = []
    for entry in sys.path:
        found += [base + entry, entry] if _has(base, entry) else [entry]
    sys.path[:] = list(dict.fromkeys([*found, *_editable(base)]))


def _has(base: str, entry: str) -> bool:
    """Not behind one of its links: those lead to what lies there now."""
    path = base + entry
    real = os.path.realpath(base) + entry
    return os.path.isabs(entry) and os.path.isdir(path) and os.path.realpath(path) == os.path.normpath(real)


def _editable(base: str) -> list[str]:
    """Folders of the packages that setuptools' finders of editable installs know; a path is asked before them."""
    found = []
    for finder in sys.meta_path:
        module: Any = sys.modules.get(getattr(finder, "__module__", None) or "")
        mapping = getattr(module, "MAPPING", None)
        if isinstance(mapping, dict):
            folders = [os.path.dirname(path) for path in mapping.values() if isinstance(path, str)]
            found += [base + folder for folder in folders if _has(base, folder)]
    return found
