"""What is done with each RPC: a method for each `work` in the table of lanes. One desk serves all locations."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from reef.background import Background
from reef.gateway.call import Call
from reef.gateway.contract import Reloads, Servers
from reef.gateway.forward import Forwarder
from reef.gateway.passing import Passing, unless_damaged
from reef.gateway.recorded import Recorded
from reef.gateway.route import Route
from reef.gateway.served import Answers
from reef.wire import messages
from reef.words import describe

log = logging.getLogger("reef.gateway")

_T = TypeVar("_T")
OnMissing = Callable[[str, str], None]


class Desk(Passing):
    def __init__(
        self,
        servers: Servers,
        reloads: Reloads,
        recorded: Recorded,
        forwarder: Forwarder,
        on_missing: OnMissing,
    ) -> None:
        super().__init__(servers, forwarder)
        self._reloads = reloads
        self._recorded = recorded
        self._on_missing = on_missing
        self._going_on = Background(log, "work that a caller waited for", level=logging.DEBUG)

    # -- answered ----------------------------------------------------------------------------------

    async def server_id(self, call: Call, route: Route, request: bytes) -> bytes:
        if route.answers is None and not await self._served(call, route):
            return await self.forward(call, route, request)
        call.enter("answered")
        await route.frost.wait(call)
        assert route.answers is not None
        return route.answers.server_id

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
        answers, reply = await self._recorded_now(call, route, method, request)
        if reply is None and (digest := answers.served.snapshot) is not None:
            await self._tell_missing(route, digest)
        return reply

    async def _recorded_now(
        self, call: Call, route: Route, method: str, request: bytes
    ) -> tuple[Answers, bytes | None]:
        """What is read while the location freezes is read again: it may be of a version that is over."""
        while True:
            await route.frost.wait(call)
            assert route.answers is not None
            answers = route.answers
            reply = await self._recorded.answer(answers, method, request)
            if route.frost.generation is None:
                return answers, reply

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

    # -- held --------------------------------------------------------------------------------------

    async def reload(self, call: Call, route: Route, request: bytes) -> bytes:
        is_external = self._is_external(route)
        call.enter("held")
        reply = await self.forward(call, route, request) if is_external else messages.EMPTY
        await self._to_its_end(call, self._reloads.reload(route.location))
        return reply

    # -- forwarded, then probed again ----------------------------------------------------------------

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
