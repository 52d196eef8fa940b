"""Tell the host the moment that the code server listens, so that it need not poll."""

from __future__ import annotations

import importlib
import socket
from typing import Any

from . import wire


def tell(host: socket.socket, keep: bool) -> None:
    """Wrap `grpc.server` until it has made one server, whose start is then told. `keep`: leave the socket open."""
    grpc: Any = importlib.import_module("grpc")

    make = grpc.server

    def server(*args: Any, **kwargs: Any) -> Any:
        grpc.server = make
        made = make(*args, **kwargs)
        start = made.start

        def start_and_tell() -> None:
            start()
            _told(host, keep)

        made.start = start_and_tell
        return made

    grpc.server = server


def _told(host: socket.socket, keep: bool) -> None:
    try:
        wire.send(host, {"event": "listening"})
    except OSError:
        pass  # the host is gone: the guard sees to that
    if not keep:
        host.close()
