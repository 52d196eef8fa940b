"""A process and everything below it, ended at once."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from reef.beside.companion import start_ticks

ROUNDS = 20  # one that forks while it is killed is found by the next look


def kill_below(pid: int) -> None:
    """SIGKILL to all descendants of `pid`; what it orphans meanwhile falls to its subreaper."""
    for _ in range(ROUNDS):
        found = below(pid)
        for each in found:
            _kill(each)
        if not found:
            return


def kill_tree(pid: int) -> None:
    """SIGKILL to `pid` and all its descendants."""
    found = below(pid)
    _kill(pid)
    for each in found:
        _kill(each)


def below(pid: int) -> list[int]:
    """The living descendants of a process; zombies are left out."""
    found: list[int] = []
    left = [pid]
    while left:
        children = _children(left.pop())
        left += children
        found += [child for child in children if start_ticks(child) is not None]
    return found


def _children(pid: int) -> list[int]:
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    except OSError:
        return found
    return found


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
