"""SIMULATED: a host that is killed at some step. From that step on it does nothing more, on the disk neither."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

CHANGES = ("replace", "rename", "fsync", "link", "unlink", "mkdir", "symlink", "chmod", "utime")


class Killing:
    """Counts steps; the n-th one, from 0 on, and whatever comes after it never happens."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.killed = asyncio.Event()

    def step(self) -> None:
        self._left -= 1
        if self._left < 0:
            self.killed.set()
            raise asyncio.CancelledError


@contextlib.contextmanager
def changes_of(root: Path, before: Callable[[], None]) -> Iterator[list[str]]:
    """`before` is called before each change of what is below `root`. Gives the changes: what is done, and to what."""
    begun: list[str] = []

    def changing(name: str) -> Callable[..., Any]:
        real = getattr(os, name)

        def change(*words: Any, **named: Any) -> Any:
            path = _below(root, words)
            if path is not None:
                begun.append(f"{name} {path}")
                before()
            return real(*words, **named)

        return change

    with mock.patch.multiple(os, **{name: changing(name) for name in CHANGES}):
        yield begun


def _below(root: Path, words: tuple[Any, ...]) -> str | None:
    """The last of the paths that are below the root."""
    if isinstance(words[0], int):
        words = (os.readlink(f"/proc/self/fd/{words[0]}"),)
    paths = [str(word) for word in words if str(word).startswith(f"{root}/")]
    return paths[-1].removeprefix(str(root)) if paths else None
