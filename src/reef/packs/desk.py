"""What is done with each RPC in a pack host: recorded answers are the gateways', here the server is asked."""

from __future__ import annotations

from collections.abc import Callable

from reef.gateway.call import Call
from reef.gateway.contract import Servers
from reef.gateway.forward import Forwarder
from reef.gateway.passing import Passing, Stream, Unary
from reef.gateway.route import Route
from reef.wire import messages
from reef.wire.lanes import Rpc


class PackDesk(Passing):
    """Of the servers that serve. `server_id` gives one that stays the same over sleeps."""

    def __init__(self, servers: Servers, forwarder: Forwarder, server_id: Callable[[str], str]) -> None:
        super().__init__(servers, forwarder)
        self._server_id = server_id

    async def server_id(self, call: Call, route: Route, request: bytes) -> bytes:
        call.enter("answered")
        return messages.server_id_reply(self._server_id(route.location))

    read = reload = refresh = reload_with_state = Passing.forward
    read_stream = Passing.forward_stream


class ProbeDesk:
    """Of probes: whatever is asked is asked of their server."""

    def __init__(self, forwarder: Forwarder) -> None:
        self._forwarder = forwarder

    def unary(self, rpc: Rpc) -> Unary:
        return self._unary

    def stream(self, rpc: Rpc) -> Stream:
        return self._stream

    async def _unary(self, call: Call, route: Route, request: bytes) -> bytes:
        return await self._forwarder.unary(call, route.slots, request)

    async def _stream(self, call: Call, route: Route, request: bytes) -> None:
        await self._forwarder.stream(call, route.slots, request)
