"""A fork that waits, to go on from here where this process turns out to be unfit.

What one process imports on top of what all have may do what no child must inherit. Its spare has imported nothing of
that: it goes on with less, and what all have need not be imported again.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
from typing import Any

_PR_SET_PDEATHSIG = 1


class Spare:
    """In the process that goes on; the fork itself is inside of `fork` until it is needed."""

    def __init__(self, pid: int, line: int, taken: int) -> None:
        self._pid, self._line, self._taken = pid, line, taken

    def end(self) -> None:
        """It is not needed."""
        os.close(self._line)
        os.close(self._taken)
        with contextlib.suppress(OSError):
            os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)

    def go_on(self, found: dict[str, Any]) -> None:
        """It shall take over from this process, which ends. `found` is passed on to it."""
        line = json.dumps(found).encode() + b"\n"
        while line:
            line = line[os.write(self._line, line) :]
        os.read(self._taken, 1)
        os._exit(0)


def fork() -> Spare | dict[str, Any]:
    """A spare; in the spare itself, once it shall go on, what the process before it has found."""
    heard, line = os.pipe()
    taken, took = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        os.close(heard)
        os.close(took)
        return Spare(pid, line, taken)
    os.close(line)
    os.close(taken)
    return _wait(heard, took, parent)


def _wait(heard: int, took: int, parent: int) -> dict[str, Any]:
    """In a session of its own, so that the end of the other process' group is not its end."""
    os.setsid()
    _ends_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)
    with open(heard, "rb") as told:
        line = told.readline()
    if not line.endswith(b"\n"):
        os._exit(0)
    _ends_with_parent(0)
    os.close(took)
    return dict(json.loads(line))


def _ends_with_parent(number: int) -> None:
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
