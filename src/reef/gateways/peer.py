"""`reef.v1.Gateway`: what the controller tells and asks a gateway."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from msgspec import Struct

from reef.background import Background
from reef.gateways.book import Book
from reef.gateways.directory import Directory
from reef.gateways.need import Need
from reef.gateways.servers import ClusterServers
from reef.gateways.telling import Telling
from reef.peers.messages import (
    GATEWAY,
    Freeze,
    Frozen,
    GatewayState,
    Held,
    Nothing,
    Offer,
    Rest,
    Rested,
    Role,
    Show,
    SnapshotBytes,
    SnapshotWanted,
    Thaw,
    Welcome,
)
from reef.peers.rpc import Method, Service
from reef.snapshots import SnapshotStore

_T = TypeVar("_T", bound=Struct)
ALLOWED: tuple[Role, ...] = ("controller",)

log = logging.getLogger("reef.gateways")


@dataclass
class Peer:
    """`heard_at`: when a controller last spoke, at first when this process started (monotonic seconds)."""

    telling: Telling
    book: Book
    store: SnapshotStore
    servers: ClusterServers
    directory: Directory
    need: Need
    called: Callable[[], tuple[str, ...]]
    is_ready: Callable[[], bool]
    welcomed: bool = False
    heard_at: float = field(default_factory=time.monotonic)
    _background: Background = field(default_factory=lambda: Background(log, "what the controller asked for"))

    def service(self) -> Service:
        methods = (
            Method("State", Nothing, self._heard(self._state)),
            Method("Hold", Offer, self._heard(self._hold)),
            Method("Freeze", Freeze, self._heard(self._freeze)),
            Method("Show", Show, self._heard(self._show)),
            Method("Thaw", Thaw, self._heard(self._thaw)),
            Method("Welcome", Welcome, self._heard(self._welcome)),
            Method("Snapshot", SnapshotWanted, self._heard(self._snapshot)),
            Method("Rest", Rest, self._heard(self._rest)),
        )
        return Service(GATEWAY, methods, ALLOWED)

    async def aclose(self) -> None:
        await self._background.close()

    def _heard(self, answer: Callable[[Any], Coroutine[Any, Any, _T]]) -> Callable[[Any], Awaitable[_T]]:
        """What is begun is done to its end, also where the controller that asked for it is gone."""

        async def to_its_end(request: Any) -> _T:
            self.heard_at = time.monotonic()
            return await asyncio.shield(self._background.spawn(answer(request), must_finish=True))

        return to_its_end

    async def _state(self, request: Nothing) -> GatewayState:
        records = self.book.records()
        on_demand = [name for name, site in self.directory.sites().items() if site.placement == "on_demand"]
        return GatewayState(
            shown={one.name: one.shown for one in records if one.shown is not None},
            snapshots=await asyncio.to_thread(self.store.digests),
            ready=self.is_ready(),
            frozen={one.name: one.frozen for one in records if one.frozen is not None},
            called=self.called(),
            idle_since={name: self.need.idle_since(name) for name in on_demand},
        )

    async def _hold(self, request: Offer) -> Held:
        return Held(await self.telling.hold(request))

    async def _freeze(self, request: Freeze) -> Frozen:
        return Frozen(await self.telling.freeze(request.name, request.generation, request.seconds))

    async def _show(self, request: Show) -> Held:
        return Held(await self.telling.show(request.name, request.generation))

    async def _thaw(self, request: Thaw) -> Nothing:
        await self.telling.thaw(request.name, request.generation)
        return Nothing()

    async def _welcome(self, request: Welcome) -> Nothing:
        """What is neither named nor in the cluster is gone."""
        known = {record.name for record in self.book.records()}
        await self.telling.forget(frozenset(known - set(request.names) - self.directory.sites().keys()))
        self.welcomed = True
        return Nothing()

    async def _snapshot(self, request: SnapshotWanted) -> SnapshotBytes:
        return SnapshotBytes(await asyncio.to_thread(self.store.file, request.digest))

    async def _rest(self, request: Rest) -> Rested:
        """Nothing may come between the look and the rest."""
        if self.need.idle_since(request.name) is None:
            return Rested(False)
        self.servers.rest(request.name, request.seconds)
        return Rested(True)
