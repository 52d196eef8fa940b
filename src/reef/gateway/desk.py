"""What is done with each RPC: a method for each `work` in the table of lanes. One desk serves all locations."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar, cast

import grpc

from reef.background import Background
from reef.gateway.by_run import ByRun
from reef.gateway.call import Call
from reef.gateway.contract import Reloads, Servers
from reef.gateway.forward import Forwarder
from reef.gateway.recorded import Recorded
from reef.gateway.route import Route
from reef.gateway.status import Ended
from reef.gateway.ticks import Ticking
from reef.wire import messages
from reef.wire.fields import WireError
from reef.wire.lanes import RPCS, Rpc
from reef.words import describe

log = logging.getLogger("reef.gateway")

_T = TypeVar("_T")
Unary = Callable[[Call, Route, bytes], Awaitable[bytes]]
Stream = Callable[[Call, Route, bytes], Awaitable[None]]
OnMissing = Callable[[str, str], None]


class Desk:
    def __init__(
        self,
        servers: Servers,
        reloads: Reloads,
        recorded: Recorded,
        forwarder: Forwarder,
        on_missing: OnMissing,
    ) -> None:
        self._servers = servers
        self._reloads = reloads
        self._recorded = recorded
        self._forwarder = forwarder
        self._on_missing = on_missing
        self._by_run = ByRun(servers, forwarder)
        self._going_on = Background(log, "work that a caller waited for", level=logging.DEBUG)
        self._work = {path: getattr(self, rpc.work) for path, rpc in RPCS.items()}

    def unary(self, rpc: Rpc) -> Unary:
        """What takes calls of an RPC that has a single reply."""
        return cast(Unary, self._work[rpc.path])

    def stream(self, rpc: Rpc) -> Stream:
        """The same of one whose reply is a stream; what the table does not know is forwarded."""
        return cast(Stream, self._work.get(rpc.path, self.forward_stream))

    # -- answered ----------------------------------------------------------------------------------

    async def server_id(self, call: Call, route: Route, request: bytes) -> bytes:
        if route.answers is None and not await self._served(call, route):
            return await self.forward(call, route, request)
        call.enter("answered")
        assert route.answers is not None
        return route.answers.server_id

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

    # -- recorded ----------------------------------------------------------------------------------

    async def read(self, call: Call, route: Route, request: bytes) -> bytes:
        if call.method == "ListRepositories":
            route.listed_at = time.monotonic()
        reply = await self._read(call, route, call.method, request)
        if reply is not None:
            call.enter("recorded")
            return reply
        reply = await self.forward(call, route, request)
        return no_empty_list(reply) if call.method == "ListRepositories" else reply

    async def read_stream(self, call: Call, route: Route, request: bytes) -> None:
        reply = await self._read(call, route, "ExternalRepository", request)
        if reply is None:
            await self._forwarder.stream(call, route.slots, request)
            return
        call.enter("recorded")
        for event in messages.chunk_events(messages.reply_text(reply)):
            await call.context.write(event)

    async def _read(self, call: Call, route: Route, method: str, request: bytes) -> bytes | None:
        if route.answers is None and not await self._served(call, route):
            return None
        answers = route.answers
        assert answers is not None
        reply = await self._recorded.answer(answers, method, request)
        if reply is None and (digest := answers.served.snapshot) is not None:
            await self._tell_missing(route, digest)
        return reply

    async def _served(self, call: Call, route: Route) -> bool:
        """Wait until the location was first loaded; False for somebody else's server, which can be asked now."""
        if self._is_external(route):
            return False
        await call.within(route.is_served.wait())
        return True

    def _is_external(self, route: Route) -> bool:
        endpoint = self._servers.endpoint_now(route.location)
        return endpoint is not None and endpoint.kind == "external"

    async def _tell_missing(self, route: Route, digest: str) -> None:
        if route.told_missing != digest and await self._recorded.is_missing(digest):
            route.told_missing = digest
            self._on_missing(route.location, digest)

    # -- by run ------------------------------------------------------------------------------------

    async def current_runs(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._by_run.current_runs(call, request)

    async def can_cancel(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._by_run.can_cancel(call, request)

    async def cancel(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._by_run.cancel(call, request)

    # -- held --------------------------------------------------------------------------------------

    async def reload(self, call: Call, route: Route, request: bytes) -> bytes:
        is_external = self._is_external(route)
        call.enter("held")
        reply = await self.forward(call, route, request) if is_external else messages.EMPTY
        await self._to_its_end(call, self._reloads.reload(route.location))
        return reply

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

    async def refresh(self, call: Call, route: Route, request: bytes) -> bytes:
        reply = await self.forward(call, route, request)
        if not messages.reply_error(reply):
            await self._probed_again(call, route)
        return reply

    async def reload_with_state(self, call: Call, route: Route, request: bytes) -> bytes:
        reply = await self.forward(call, route, request)
        if messages.reply_error(reply):
            return reply
        server_id = await self._probed_again(call, route)
        return messages.with_server_id(reply, server_id) if server_id else reply

    async def _probed_again(self, call: Call, route: Route) -> str:
        """The server id afterwards. User code has done its work and its reply is here: a probe that fails is not
        the caller's failure."""
        try:
            return await self._to_its_end(call, self._reloads.reprobe(route.location))
        except Exception as error:
            log.warning("%s: not probed again after %s: %s", route.name, call.method, describe(error))
        return route.answers.served.server_id if route.answers else ""

    async def _to_its_end(self, call: Call, work: Coroutine[Any, Any, _T]) -> _T:
        """Wait as long as the caller does; the work goes on without it."""
        return await call.within(asyncio.shield(self._going_on.spawn(work)))

    async def aclose(self) -> None:
        await self._going_on.close()


def no_empty_list(reply: bytes) -> bytes:
    """A list without repositories is answered as a load error, which spares schedule and sensor state."""
    listed = unless_damaged(messages.listed, reply)
    if listed is None or listed.is_error or listed.repositories:
        return reply
    return messages.text_reply(messages.no_repository_json())


def unless_damaged(read: Callable[[bytes], _T], message: bytes) -> _T | None:
    try:
        return read(message)
    except WireError:
        return None
