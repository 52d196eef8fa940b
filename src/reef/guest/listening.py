"""Tell the host the moment that the code server listens, so that it need not poll."""

from __future__ import annotations

import importlib
import os
import socket
from collections.abc import Callable
from typing import Any

from . import process_end, wire

COPY = (
    "reef: a copy of this process, forked while the location was loaded, came to serve it too; the copy ends"
)


def tell(host: socket.socket, path: str, then: Callable[[], None]) -> None:
    """Wrap `grpc.server` until one has listened at `path`: that is told, and `then` is called.

    Others are the location's own. A copy of this process that would take the path away from it is ended.
    """
    try:
        grpc: Any = importlib.import_module("grpc")
    except ImportError:
        return  # Dagster's command says it better
    make, owner, address = grpc.server, os.getpid(), f"unix:{os.path.abspath(path)}"

    def server(*args: Any, **kwargs: Any) -> Any:
        made = make(*args, **kwargs)
        add, start = made.add_insecure_port, made.start

        def add_insecure_port(wanted: str) -> int:
            if wanted == address:
                if os.getpid() != owner:
                    process_end.say(COPY)
                    os._exit(0)
                grpc.server = make
                made.start = start_and_tell
            return int(add(wanted))

        def start_and_tell() -> None:
            start()
            try:
                wire.send(host, {"event": "listening"})
            except OSError:
                pass  # the host is gone: the guard sees to that
            then()

        made.add_insecure_port = add_insecure_port
        return made

    grpc.server = server
