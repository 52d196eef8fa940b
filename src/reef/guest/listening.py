"""Tell the host the moment that the code server listens, so that it need not poll."""

from __future__ import annotations

import importlib
import socket
from collections.abc import Callable
from typing import Any

from . import wire


def tell(host: socket.socket, then: Callable[[], None]) -> None:
    """Wrap `grpc.server` until it has made one server, whose start is then told; after that, `then` is called."""
    try:
        grpc: Any = importlib.import_module("grpc")
    except ImportError:
        return  # Dagster's command says it better
    make = grpc.server

    def server(*args: Any, **kwargs: Any) -> Any:
        grpc.server = make
        made = make(*args, **kwargs)
        start = made.start

        def start_and_tell() -> None:
            start()
            try:
                wire.send(host, {"event": "listening"})
            except OSError:
                pass  # the host is gone: the guard sees to that
            then()

        made.start = start_and_tell
        return made

    grpc.server = server
