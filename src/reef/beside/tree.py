"""A process and everything below it, ended at once."""

from __future__ import annotations

import os
import signal

from reef.procfs import below

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


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
