"""Loads one location again and again for the doctor: a process that has imported Dagster and no code of the user's
forks for each load, so that Dagster is paid for once. Requests and answers are JSON over the host's socket."""

from __future__ import annotations

import gc
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from . import (
    boot,
    doctor_clock,
    doctor_fork,
    doctor_image,
    doctor_load,
    doctor_memory,
    doctor_runs,
    doctor_ticks,
    identity,
    proc,
    wire,
)
from .doctor_fork import forked
from .doctor_own import Own

Work = Callable[[dict[str, Any], Own], dict[str, Any]]
_FORKED: dict[str, Work] = {
    "load": doctor_runs.load,
    "watch": doctor_runs.watch,
    "without": doctor_runs.without,
    "ticks": doctor_ticks.ticks,
    "roots": doctor_image.roots,
    "source": doctor_image.source,
    "memory": doctor_image.memory,
}
_READY: dict[str, Any] = {}  # what preparing took: done once


def main(fd: int) -> None:
    """Until the host closes its socket."""
    boot.note()
    host = socket.socket(fileno=fd)
    doctor_fork.host_fd = fd
    identity.reset_signals()
    identity.as_module_run({})
    while (received := wire.receive(host)) is not None:
        request = received[0]
        wire.send(host, _answer(request))
    os._exit(0)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    own = Own(request["roots"])
    if request["do"] == "prepare":
        return _READY or _prepare()
    if request["do"] == "plain":
        return doctor_runs.plain(request, own)

    def work() -> dict[str, Any]:
        _become(request)
        return _FORKED[request["do"]](request, own)

    return forked(work, request["timeout_s"])


def _become(request: dict[str, Any]) -> None:
    """Where one process loads several locations: the working directory and the variables of this one."""
    if "cwd" not in request:
        return
    os.environ.update(request["env"])
    os.chdir(request["cwd"])
    sys.path[0] = os.getcwd()
    sys.path[1:1] = [one for one in identity.python_path(request["env"]) if one not in sys.path]


def _prepare() -> dict[str, Any]:
    started = doctor_clock.wall_s(), time.process_time()
    try:
        doctor_load.like_a_server()
    except ImportError as error:
        return {"failed": f"{sys.executable} has no Dagster: {error}"}
    took = doctor_clock.wall_s() - started[0], time.process_time() - started[1]
    gc.collect()
    gc.freeze()  # what is here need not be looked at again by each collection of each load
    private, shared = doctor_memory.exact()
    ready = {
        "wall_s": took[0],
        "cpu_s": took[1],
        "private_bytes": private,
        "shared_bytes": shared,
        "threads": proc.tasks(),
        "dagster": getattr(sys.modules["dagster"], "__version__", ""),
    }
    _READY.update(ready)
    return ready
