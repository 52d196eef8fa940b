"""The zygote: preload, make the heap cheap to share, then only fork.

What a child inherits and cannot take back: glibc's `MALLOC_ARENA_MAX=1`; a BLAS that was loaded with one thread
(a code server's own arithmetic only: runs are processes of their own); the hash seed, shared by the
children of one zygote.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys
import time
from typing import Any

from . import boot, child, loop, preload, proc, wire


def main(fd: int) -> None:
    host = socket.socket(fileno=fd)
    boot.note()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    request = wire.receive(host)
    if request is None or not _prepare(host, request[0]):
        return
    forked = loop.run(host)
    if forked is not None:
        host.detach()
        child.main(*forked)
    os._exit(0)


def _prepare(host: socket.socket, request: dict[str, Any]) -> bool:
    """Build the heap that children share; False where this process has become unfit for it."""
    started = time.perf_counter()
    result = preload.preload(request["modules"], request["never"])
    if result.dirty:
        wire.send(host, {"op": "dirty", "modules": result.dirty})
        return False
    features = ["preload"]
    gc.collect()
    gc.freeze()
    if proc.tasks() != 1:
        wire.send(host, {"op": "unfit", "reason": "a thread is left after preparing"})
        return False
    wire.send(host, _ready(result, features, time.perf_counter() - started))
    return True


def _ready(result: preload.Preloaded, features: list[str], build_s: float) -> dict[str, Any]:
    files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
    return {
        "op": "ready",
        "features": features,
        "failed": result.failed,
        "modules": files,
        "mapped": proc.mapped_files(),
        "build_s": build_s,
    }
