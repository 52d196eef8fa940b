"""Loads one location again and again for the doctor: a process that has imported Dagster and no code of the user's
forks for each load, so that Dagster is paid for once. Requests and answers are JSON over the host's socket."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

from . import boot, doctor_load, doctor_memory, doctor_runs, doctor_ticks, identity, proc, wire
from .doctor_fork import forked
from .doctor_own import Own

Work = Callable[[dict[str, Any], Own], dict[str, Any]]
_FORKED: dict[str, Work] = {
    "watch": doctor_runs.watch,
    "without": doctor_runs.without,
    "ticks": doctor_ticks.ticks,
}


def main(fd: int) -> None:
    """Until the host closes its socket."""
    boot.note()
    host = socket.socket(fileno=fd)
    identity.reset_signals()
    identity.as_module_run({})
    while (received := wire.receive(host)) is not None:
        request = received[0]
        wire.send(host, _answer(request))
    os._exit(0)


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    own = Own(request["roots"])
    if request["do"] == "prepare":
        return _prepare()
    if request["do"] == "plain":
        return doctor_runs.plain(request, own)
    return forked(lambda: _FORKED[request["do"]](request, own), request["timeout_s"])


def _prepare() -> dict[str, Any]:
    started = time.perf_counter(), time.process_time()
    try:
        doctor_load.like_a_server()
    except ImportError as error:
        return {"failed": f"{sys.executable} has no Dagster: {error}"}
    private, shared = doctor_memory.exact()
    return {
        "wall_s": time.perf_counter() - started[0],
        "cpu_s": time.process_time() - started[1],
        "private_bytes": private,
        "shared_bytes": shared,
        "threads": proc.tasks(),
        "dagster": getattr(sys.modules["dagster"], "__version__", ""),
    }
