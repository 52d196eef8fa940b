"""A fork that imports what the zygote is to import, tells what that did, and is gone with all of it."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
from typing import Any

from .preload import Preloading

_PR_SET_PDEATHSIG = 1


def sent(preloading: Preloading, left_out: list[str], closely: list[str]) -> dict[str, Any]:
    """`modules`: module -> why it must be left out; `costs`: distribution -> seconds. Where the fork dies of its
    imports, so does this process."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(ours)
            _tell(theirs, preloading, left_out, closely)
            status = 0
        finally:
            os._exit(status)
    os.close(theirs)
    with contextlib.suppress(OSError):  # it may be gone
        os.setpgid(pid, pid)
    with open(ours, "rb") as told:
        line = told.readline()
    with contextlib.suppress(OSError):
        os.killpg(pid, signal.SIGKILL)  # also processes that its imports have started
    status = os.waitpid(pid, 0)[1]
    if not line.endswith(b"\n"):
        _end_like(status)
    return dict(json.loads(line))


def _tell(to: int, preloading: Preloading, left_out: list[str], closely: list[str]) -> None:
    os.setpgid(0, 0)
    _end_with_parent()
    preloading.again(forked=True)
    found = preloading.rest(left_out, closely)
    line = json.dumps({"modules": found.dirty, "costs": found.costs}).encode() + b"\n"
    while line:
        line = line[os.write(to, line) :]


def _end_like(status: int) -> None:
    if os.WIFSIGNALED(status):
        signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status) or 1)


def _end_with_parent() -> None:
    parent = os.getppid()
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
