"""A gRPC server that opens nothing: it takes a servicer, lets somebody call it in this thread, and is over."""

from __future__ import annotations

import contextlib
import importlib
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

_TICK = "CLEANUP_TICK"
Call = Callable[[str, Any], Any]
"""(method, request) -> reply, through the servicer's own (de)serializers; a stream's reply is a list."""


class StubServer:
    """What Dagster's server command asks of `grpc.server(...)`; `use(call)` is run where it would serve."""

    def __init__(self, use: Callable[[Call], None]) -> None:
        self._use = use
        self._handlers: dict[str, Any] = {}

    def add_generic_rpc_handlers(self, handlers: Any) -> None:
        for handler in handlers:
            for path in _paths(handler):
                self._handlers[path] = handler.service(SimpleNamespace(method=path))

    def add_registered_method_handlers(self, service: str, handlers: dict[str, Any]) -> None:
        self._handlers.update({f"/{service}/{name}": handler for name, handler in handlers.items()})

    def add_insecure_port(self, address: str) -> int:
        return 1 if address.startswith("unix:") else int(address.rpartition(":")[2])

    def start(self) -> None: ...

    def wait_for_termination(self, timeout: float | None = None) -> bool:
        self._use(self._call)
        return False

    def stop(self, grace: float | None) -> threading.Event:
        stopped = threading.Event()
        stopped.set()
        return stopped

    def _call(self, method: str, request: Any) -> Any:
        handler = self._handlers[f"/api.DagsterApi/{method}"]
        request = handler.request_deserializer(request.SerializeToString())
        if handler.response_streaming:
            replies = list(handler.unary_stream(request, None))
            return [handler.response_serializer(reply) and reply for reply in replies]
        reply = handler.unary_unary(request, None)
        handler.response_serializer(reply)
        return reply


def _paths(handler: Any) -> list[str]:
    """Paths of a generic handler: grpc keeps them in a dict that has had several names."""
    for value in vars(handler).values():
        if isinstance(value, dict):
            return [path if path.startswith("/") else f"/{handler.service_name()}/{path}" for path in value]
    return []


@contextlib.contextmanager
def in_place_of_grpc_server(use: Callable[[Call], None]) -> Iterator[None]:
    grpc: Any = importlib.import_module("grpc")
    with contextlib.suppress(ImportError):
        importlib.import_module("grpc._server")  # which the real one would load
    real = grpc.server
    grpc.server = lambda *_args, **_kwargs: StubServer(use)
    try:
        with _no_waiting():
            yield
    finally:
        grpc.server = real


@contextlib.contextmanager
def _no_waiting() -> Iterator[None]:
    """Dagster's server looks only twice a second whether it shall end: nobody has to wait for a server that serves
    nobody."""
    server: Any = None
    with contextlib.suppress(ImportError):
        server = importlib.import_module("dagster._grpc.server")  # it may be hidden yet
    usual = getattr(server, _TICK, None)
    if not isinstance(usual, int | float):
        yield
        return
    setattr(server, _TICK, 0.01)
    try:
        yield
    finally:
        setattr(server, _TICK, usual)
