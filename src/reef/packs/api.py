"""Dagster's API at the peer port: the location is in a call's metadata, and only some roles may ask."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

import grpc
import grpc.aio

from reef.gateway.contract import Observer
from reef.gateway.listener import Listener
from reef.gateway.passing import TakesCalls
from reef.gateway.route import Route
from reef.packs.servers import NOT_HERE
from reef.peers.messages import LOCATION_KEY, SERVER_KEY, Role
from reef.peers.rpc import admit
from reef.wire.lanes import rpc_of

OURS = "/reef."  # services of Reef itself have handlers of their own


@dataclass(frozen=True)
class Side:
    """The servers that serve, or the probes: who may call them, what takes a call, and whose calls there are."""

    allowed: frozenset[Role]
    desk: TakesCalls
    observer: Observer
    route: Callable[[str], Route | None]


class PackApi(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Finds the location of each call. Unknown ones get NOT_FOUND: nothing of the call was sent anywhere."""

    def __init__(self, serving: Side, probes: Side) -> None:
        self._serving = serving
        self._probes = probes

    def service(self, details: Any) -> Any:
        path: str = details.method
        if path.startswith(OURS):
            return None
        said = _said(details.invocation_metadata or ())
        side = self._probes if said.get(SERVER_KEY) == "probe" else self._serving
        name = said.get(LOCATION_KEY, "")
        route = side.route(name)
        if route is None:
            what = NOT_HERE.format(name=name) if name else f"a call needs metadata {LOCATION_KEY!r}"
            return _handler(path, _refusing(side.allowed, what))
        found = Listener(route, side.desk, side.observer).service(details)
        return _handler(path, _admitting(side.allowed, path, found.unary_stream or found.unary_unary))


def _said(metadata: Iterable[Any]) -> dict[str, str]:
    return {key: value for key, value in metadata if key in (LOCATION_KEY, SERVER_KEY)}


Handle = Callable[[bytes, Any], Awaitable[Any]]


def _handler(path: str, handle: Handle) -> Any:
    if rpc_of(path).streams:
        return grpc.unary_stream_rpc_method_handler(handle)
    return grpc.unary_unary_rpc_method_handler(handle)


def _admitting(allowed: Collection[Role], path: str, handle: Handle) -> Handle:
    async def admitted(request: bytes, context: Any) -> Any:
        await admit(context, allowed, path)
        return await handle(request, context)

    return admitted


def _refusing(allowed: Collection[Role], why: str) -> Handle:
    async def refused(request: bytes, context: Any) -> Any:
        await admit(context, allowed, "anything")
        await context.abort(grpc.StatusCode.NOT_FOUND, why)

    return refused
