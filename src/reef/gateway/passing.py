"""What every desk does: answers what needs no server, asks who holds a run, and passes the rest on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar, cast

import grpc

from reef.gateway.by_run import ByRun
from reef.gateway.call import Call
from reef.gateway.contract import Servers
from reef.gateway.forward import Forwarder
from reef.gateway.route import Route
from reef.gateway.status import Ended
from reef.gateway.ticks import Ticking
from reef.wire import messages
from reef.wire.fields import WireError
from reef.wire.lanes import RPCS, Rpc

_T = TypeVar("_T")
Unary = Callable[[Call, Route, bytes], Awaitable[bytes]]
Stream = Callable[[Call, Route, bytes], Awaitable[None]]


class TakesCalls(Protocol):
    """What a listener asks."""

    def unary(self, rpc: Rpc) -> Unary:
        """What takes calls of an RPC that has a single reply."""
        ...

    def stream(self, rpc: Rpc) -> Stream:
        """The same of one whose reply is a stream."""
        ...


class Passing:
    """A method for some `work` in the table of lanes; a desk adds `server_id`, `read`, `read_stream`, `reload`,
    `refresh` and `reload_with_state`."""

    def __init__(self, servers: Servers, forwarder: Forwarder) -> None:
        self._servers = servers
        self._forwarder = forwarder
        self._by_run = ByRun(servers, forwarder)
        self._work = {path: getattr(self, rpc.work) for path, rpc in RPCS.items()}

    def unary(self, rpc: Rpc) -> Unary:
        return cast(Unary, self._work[rpc.path])

    def stream(self, rpc: Rpc) -> Stream:
        """What the table does not know is forwarded."""
        return cast(Stream, self._work.get(rpc.path, self.forward_stream))

    # -- answered ----------------------------------------------------------------------------------

    async def ping(self, call: Call, route: Route, request: bytes) -> bytes:
        call.enter("answered")
        return messages.ping_reply(request)

    async def streaming_ping(self, call: Call, route: Route, request: bytes) -> None:
        call.enter("answered")
        for event in messages.streaming_ping_events(request):
            await call.context.write(event)

    async def health(self, call: Call, route: Route, request: bytes) -> bytes:
        call.enter("answered")
        if messages.health_service(request) not in messages.HEALTH_SERVICES:
            raise Ended(grpc.StatusCode.NOT_FOUND, "")
        return messages.HEALTH_SERVING

    async def watch_health(self, call: Call, route: Route, request: bytes) -> None:
        call.enter("answered")
        known = messages.health_service(request) in messages.HEALTH_SERVICES
        await call.context.write(messages.HEALTH_SERVING if known else messages.HEALTH_SERVICE_UNKNOWN)
        await asyncio.Event().wait()  # it never changes; the caller ends it

    async def shutdown_wish(self, call: Call, route: Route, request: bytes) -> bytes:
        call.enter("answered")
        self._servers.shutdown_wish(route.location)
        return messages.SHUTDOWN_REPLY

    # -- by run ------------------------------------------------------------------------------------

    async def current_runs(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._by_run.current_runs(call, request)

    async def can_cancel(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._by_run.can_cancel(call, request)

    async def cancel(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._by_run.cancel(call, request)

    # -- forwarded ---------------------------------------------------------------------------------

    async def forward(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._forwarder.unary(call, route.slots, request)

    async def forward_stream(self, call: Call, route: Route, request: bytes) -> None:
        await self._forwarder.stream(call, route.slots, request)

    async def tick(self, call: Call, route: Route, request: bytes) -> bytes:
        with Ticking(call, request) as ticking:
            reply = await self.forward(call, route, request)
            ticking.look(reply)
            return reply

    async def tick_stream(self, call: Call, route: Route, request: bytes) -> None:
        with Ticking(call, request) as ticking:
            await self._forwarder.stream(call, route.slots, request, ticking.look_at_chunk)

    async def start_run(self, call: Call, route: Route, request: bytes) -> bytes:
        call.run_id = unless_damaged(messages.start_run_id, request)
        reply = await self.forward(call, route, request)
        if unless_damaged(messages.succeeded, reply) is False:
            call.error = "the run was not started"
        return reply


def unless_damaged(read: Callable[[bytes], _T], message: bytes) -> _T | None:
    try:
        return read(message)
    except WireError:
        return None
