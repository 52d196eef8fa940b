"""Dagster's API at the peer port: the location is in a call's metadata, and only some roles may ask."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from reef.gateway.contract import Observer
from reef.gateway.listener import Listener
from reef.gateway.passing import TakesCalls
from reef.gateway.route import Route
from reef.gateway.tracing import NO_TRACES, Traces
from reef.packs.pack_servers import NOT_HERE
from reef.peers.messages import LOCATION_KEY, NOT_SENT_KEY, SERVER_KEY, Role
from reef.peers.rpc import admit
from reef.wire.lanes import rpc_of

OURS = "/reef."  # services of Reef itself have handlers of their own
STOPPING = "the pack host is stopping"

Handle = Callable[[bytes, Any], Awaitable[Any]]


@dataclass(frozen=True)
class Side:
    """The servers that serve, or the probes: who may call them, what takes a call, and whose calls there are."""

    allowed: frozenset[Role]
    desk: TakesCalls
    observer: Observer
    route: Callable[[str], Route | None]
    traces: Traces = NO_TRACES


class PackApi(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Finds the location of each call. Unknown ones get NOT_FOUND: nothing of the call was sent anywhere."""

    def __init__(self, serving: Side, probes: Side) -> None:
        self._serving = serving
        self._probes = probes
        self._stopping = False
        self._under_way = 0
        self._idle = asyncio.Event()

    async def stop(self, grace_s: float) -> None:
        """New calls end UNAVAILABLE from now on; returns when those under way have ended, or the time is over.

        A server of gRPC that is being stopped would end them CANCELLED, which nobody repeats.
        """
        self._stopping = True
        if not self._under_way:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._idle.wait()

    def service(self, details: Any) -> Any:
        path: str = details.method
        if path.startswith(OURS):
            return None
        said = _said(details.invocation_metadata or ())
        side = self._probes if said.get(SERVER_KEY) == "probe" else self._serving
        name = said.get(LOCATION_KEY, "")
        route = side.route(name)
        if self._stopping:
            return _handler(path, _refusing(side.allowed, grpc.StatusCode.UNAVAILABLE, STOPPING))
        if route is None:
            what = NOT_HERE.format(name=name) if name else f"a call needs metadata {LOCATION_KEY!r}"
            return _handler(path, _refusing(side.allowed, grpc.StatusCode.NOT_FOUND, what))
        found = Listener(route, side.desk, side.observer, side.traces).service(details)
        return _handler(path, self._counted(side.allowed, path, found.unary_stream or found.unary_unary))

    def _counted(self, allowed: Collection[Role], path: str, handle: Handle) -> Handle:
        async def counted(request: bytes, context: Any) -> Any:
            await admit(context, allowed, path)
            self._under_way += 1
            try:
                return await handle(request, context)
            finally:
                self._under_way -= 1
                if self._stopping and not self._under_way:
                    self._idle.set()

        return counted


def _said(metadata: Iterable[Any]) -> dict[str, str]:
    return {key: value for key, value in metadata if key in (LOCATION_KEY, SERVER_KEY)}


def _handler(path: str, handle: Handle) -> Any:
    if rpc_of(path).streams:
        return grpc.unary_stream_rpc_method_handler(handle)
    return grpc.unary_unary_rpc_method_handler(handle)


def _refusing(allowed: Collection[Role], code: grpc.StatusCode, why: str) -> Handle:
    """The caller is told that it may ask elsewhere: nothing of its call was sent to a server."""

    async def refused(request: bytes, context: Any) -> Any:
        await admit(context, allowed, "anything")
        await context.abort(code, why, ((NOT_SENT_KEY, "1"),))

    return refused
