"""One grpc.aio server for each location: the listener says which location a call is for, the call does not."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import grpc
import grpc.aio

from reef.gateway.call import Call, Context
from reef.gateway.contract import Observer
from reef.gateway.passing import Stream, TakesCalls, Unary
from reef.gateway.route import Route
from reef.gateway.status import Ended
from reef.gateway.tracing import NO_TRACES, Traces
from reef.wire.fields import WireError
from reef.wire.lanes import RPCS, rpc_of
from reef.wire.limits import MessageLimits
from reef.words import classed

log = logging.getLogger("reef.gateway")

NOT_A_REQUEST = "Exception deserializing request!"  # as gRPC's own servers say it


class Listener(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Finds the handler of each call; handlers are made when they are first needed."""

    def __init__(
        self, route: Route, desk: TakesCalls, observer: Observer, traces: Traces = NO_TRACES
    ) -> None:
        self._route = route
        self._desk = desk
        self._observer = observer
        self._traces = traces
        self._handlers: dict[str, Any] = {}

    def service(self, details: Any) -> Any:
        path: str = details.method
        handler = self._handlers.get(path)
        if handler is not None:
            return handler
        made = self._made(path)
        if path in RPCS:
            self._handlers[path] = made
        return made

    def _made(self, path: str) -> Any:
        rpc = rpc_of(path)
        if rpc.streams:
            return grpc.unary_stream_rpc_method_handler(self._streaming(path, self._desk.stream(rpc)))
        return grpc.unary_unary_rpc_method_handler(self._single(path, self._desk.unary(rpc)))

    def _single(self, path: str, work: Unary) -> Callable[[bytes, Context], Any]:
        route, observer, traces = self._route, self._observer, self._traces

        async def handle(request: bytes, context: Context) -> bytes:
            call = Call(route.location, path, context, observer)
            try:
                with traces.call(call):
                    reply = await work(call, route, request)
            except BaseException as error:
                await _end(call, error)
                raise
            _ended(call, route)
            return reply

        return handle

    def _streaming(self, path: str, work: Stream) -> Callable[[bytes, Context], Any]:
        route, observer, traces = self._route, self._observer, self._traces

        async def handle(request: bytes, context: Context) -> None:
            call = Call(route.location, path, context, observer)
            try:
                with traces.call(call):
                    await work(call, route, request)
            except BaseException as error:
                await _end(call, error)
                raise
            _ended(call, route)

        return handle


def _ended(call: Call, route: Route) -> None:
    call.ended("OK")
    route.asked_at = time.monotonic()


async def _end(call: Call, error: BaseException) -> None:
    """Tell the caller and the observer; raises for what can be told, returns for a caller that is gone."""
    if isinstance(error, asyncio.CancelledError):
        call.ended(call.cancelled_code())
        return
    if isinstance(error, WireError):
        error = Ended(grpc.StatusCode.INTERNAL, NOT_A_REQUEST)
    elif not isinstance(error, Ended):
        log.error("%s of %s failed in the gateway", call.method, call.location, exc_info=error)
        error = Ended(grpc.StatusCode.INTERNAL, f"Reef failed: {classed(error)}")
    call.error = error.details
    call.ended(error.code.name)
    await call.context.abort(error.code, error.details, error.trailing)


def server_options(limits: MessageLimits) -> tuple[tuple[str, int], ...]:
    return (
        ("grpc.so_reuseport", 0),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 5_000),
        ("grpc.max_receive_message_length", limits.receive),
        ("grpc.max_send_message_length", limits.send),
    )


def bound(
    route: Route, desk: TakesCalls, observer: Observer, limits: MessageLimits, traces: Traces = NO_TRACES
) -> grpc.aio.Server:
    """A server at the route's address, to be started. Raises RuntimeError where the address is taken after all."""
    server = grpc.aio.server(options=server_options(limits))
    server.add_generic_rpc_handlers((Listener(route, desk, observer, traces),))
    server.add_insecure_port(route.address.target)
    return server


async def started(server: grpc.aio.Server) -> None:
    """Start it, even when cancelled meanwhile: one that is half started cannot be stopped."""
    starting = asyncio.ensure_future(server.start())
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        await starting
        raise
