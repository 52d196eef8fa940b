"""Where a module was imported: some remember the working directory of that moment.

While modules are preloaded the working directory is one that nothing else is called like. What has its name
afterwards means "here", and is another folder in each child.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import secrets
import sys
import types
from collections.abc import Iterator
from typing import Any

_remembered: list[tuple[dict[str, Any], str, type]] = []


@contextlib.contextmanager
def nowhere_else() -> Iterator[None]:
    """In an empty folder of its own, which is gone afterwards; where none can be made, in the one that we are in."""
    before = os.getcwd()
    for parent in ("/dev/shm", "/tmp"):
        folder = f"{parent}/.reef-{secrets.token_hex(12)}"
        try:
            os.mkdir(folder, 0o700)
        except OSError:
            continue
        break
    else:
        yield
        return
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
        os.rmdir(folder)
        _remember(folder)


def _remember(folder: str) -> None:
    path = pathlib.Path(folder)
    for module in list(sys.modules.values()):
        if isinstance(module, types.ModuleType):
            for name, value in list(module.__dict__.items()):
                if type(value) in (str, type(path)) and value in (folder, path):
                    _remembered.append((module.__dict__, name, type(value)))


def here() -> None:
    """The working directory is that of this process's own location now."""
    for namespace, name, kind in _remembered:
        namespace[name] = kind(os.getcwd())
