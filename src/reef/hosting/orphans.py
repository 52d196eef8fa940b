"""The host is the reaper of every process below it whose own parent has died."""

from __future__ import annotations

import asyncio
import ctypes
import os
from collections.abc import Callable

from reef.procfs import children_of, is_zombie

LOOK_S = 1.0
PATIENCE = 3  # looks: whoever waits for a child of its own has long done so by then
_PR_SET_CHILD_SUBREAPER = 36


def become_subreaper() -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refuses PR_SET_CHILD_SUBREAPER")


def zombies() -> set[int]:
    """Our children that have ended and were not waited for."""
    return {pid for pid in children_of("self") if is_zombie(pid)}


class Orphans:
    """Reaps ended children that nobody waits for: those of children and zygotes that died before them."""

    def __init__(self, is_watched: Callable[[int], bool]) -> None:
        self._is_watched = is_watched
        self._seen: dict[int, int] = {}

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            self.look()

    def look(self) -> None:
        now = {pid for pid in zombies() if not self._is_watched(pid)}
        self._seen = {pid: self._seen.get(pid, 0) + 1 for pid in now}
        for pid, times in self._seen.items():
            if times >= PATIENCE:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    continue
