"""SIMULATED: the gateway without gRPC. Desk, lanes, slots, places and held calls are the real ones; what is not are the
listener's sockets, the channels to code servers, and the callers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import grpc
import grpc.aio
from sim_hosting import SimHosting, ask

from reef.gateway import Board, CallLimits, Gateway, ListenAddress
from reef.gateway.channels import Channels, Kept, NotConnected
from reef.gateway.contract import Endpoint, Served
from reef.gateway.listener import Listener
from reef.gateway.route import Route
from reef.snapshots import SnapshotStore
from reef.wire.lanes import path_of


@dataclass(frozen=True)
class Outcome:
    """What a caller gets. `text` is the reply's, or the reason why there is none."""

    code: str
    text: str
    reply: bytes = b""
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        return self.code == "OK"


class _Aborted(Exception):
    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        self.code, self.details = code, details


class _Context:
    """The part of a gRPC servicer's context that the gateway uses. What is streamed is collected."""

    def __init__(self, deadline_s: float | None) -> None:
        self._deadline_s = deadline_s
        self.written: list[bytes] = []

    def time_remaining(self) -> float | None:
        return self._deadline_s

    def invocation_metadata(self) -> tuple[()]:
        return ()

    def set_trailing_metadata(self, _metadata: Any) -> None: ...

    async def write(self, message: bytes) -> None:
        self.written.append(message)

    async def abort(self, code: grpc.StatusCode, details: str, _trailing: Any = ()) -> None:
        raise _Aborted(code, details)


class _Sent:
    """A unary call to a code server."""

    def __init__(self, work: Awaitable[bytes]) -> None:
        self._task = asyncio.ensure_future(work)

    def __await__(self) -> Generator[Any, None, bytes]:
        return self._task.__await__()

    def cancel(self) -> bool:
        return self._task.cancel()

    async def trailing_metadata(self) -> tuple[()]:
        return ()


class _Channel:
    def __init__(self, hosting: SimHosting, target: str) -> None:
        self._hosting, self._target = hosting, target

    is_pack = False

    def addressed(self, _location: str) -> tuple[()]:
        return ()

    def unary(self, path: str) -> Callable[..., _Sent]:
        def send(request: bytes, timeout: float | None, metadata: Any) -> _Sent:
            method = path.rpartition("/")[2]
            return _Sent(ask(self._hosting, self._target, method, request, timeout))

        return send


class _Channels(Channels):
    """A connection is there as long as the child takes any."""

    def __init__(self, hosting: SimHosting) -> None:
        super().__init__(-1)
        self._hosting = hosting

    @asynccontextmanager
    async def to(self, endpoint: Endpoint) -> AsyncIterator[Kept]:
        child = self._hosting.at(endpoint.target)
        if child is None or child.ended.is_set() or not child.connects:
            raise NotConnected("connection refused")
        self._active[endpoint.server] = self._active.get(endpoint.server, 0) + 1
        try:
            yield cast(Kept, _Channel(self._hosting, endpoint.target))
        finally:
            self._active[endpoint.server] -= 1


class SimBoard(Board):
    def __init__(self, store: SnapshotStore, hosting: SimHosting) -> None:
        super().__init__(store)
        self._hosting = hosting
        self.channels = _Channels(hosting)

    def serve(self, name: str, served: Served) -> None:
        if served != self.served(name):
            self._hosting.log.append((name, "shows"))
        super().serve(name, served)


class SimGateway(Gateway):
    async def open(
        self,
        name: str,
        address: ListenAddress,
        limits: CallLimits | None = None,
        *,
        stands_for: str | None = None,
    ) -> None:
        self.board.add(Route(name, address, limits or CallLimits(), stands_for or name))

    async def call(self, location: str, method: str, request: bytes, deadline_s: float | None) -> Outcome:
        """As one of Dagster's clients calls it, cut off at its deadline as gRPC cuts it off."""
        handler = Listener(self.board.routes[location], self._desk, self._observer).service(
            SimpleNamespace(method=path_of(method))
        )
        context = _Context(deadline_s)
        began = asyncio.get_running_loop().time()

        def told(code: str, text: str, reply: bytes = b"") -> Outcome:
            return Outcome(code, text, reply, asyncio.get_running_loop().time() - began)

        try:
            async with asyncio.timeout(deadline_s):
                reply = await handler.unary_unary(request, context)
        except _Aborted as aborted:
            return told(aborted.code.name, aborted.details)
        except TimeoutError:
            return told("DEADLINE_EXCEEDED", "Deadline Exceeded")
        return told("OK", reply.decode(errors="replace"), reply)
