"""Loads some source files as they would be: a move of imports is tried before a file is touched."""

from __future__ import annotations

import os
from importlib.machinery import SourceFileLoader
from typing import Any


def install(instead: dict[str, str]) -> None:
    """`instead`: real path of a source file -> path of the file whose content is loaded in its place. Their
    bytecode is neither read nor written."""
    if not instead:
        return
    loader: Any = SourceFileLoader
    get_data, path_stats = loader.get_data, loader.path_stats

    def data(self: Any, path: str) -> Any:
        return get_data(self, instead.get(os.path.realpath(path), path))

    def stats(self: Any, path: str) -> Any:
        if os.path.realpath(path) in instead:
            raise OSError("its bytecode is of another source")
        return path_stats(self, path)

    loader.get_data, loader.path_stats = data, stats
