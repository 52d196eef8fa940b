"""The fleet's file was edited while everything goes on: locations come, go, and change."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from reef.background import Background
from reef.decide.reconcile import FleetChanges
from reef.events import Events, LocationGone
from reef.fleet.model import Fleet, Location
from reef.gateway import Gateway, ListenAddress
from reef.host.arriving import Arrival
from reef.host.known import KnownLocations
from reef.host.listening import listen
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.serving.resting import Rester

log = logging.getLogger("reef.control")

QUIET_S = 10.0  # webserver and daemon ask every second, until they know that it is gone
LINGER_POLL_S = 2.0

Addresses = Callable[[tuple[str, ...]], Awaitable[Mapping[str, ListenAddress]]]
Publish = Callable[[tuple[str, ...]], Awaitable[None]]
Rename = Callable[[Mapping[str, str]], Awaitable[None]]
Recall = Callable[[Location], Awaitable[CodeLocation]]


class Reconciler:
    """One reconciliation at a time. `addresses` gives listeners' addresses, `publish` tells Dagster which locations
    there are, `rename` carries state over from old names (new → old), `recall` makes a location that comes."""

    def __init__(
        self,
        places: dict[str, CodeLocation],
        known: KnownLocations,
        arrival: Arrival,
        gateway: Gateway,
        rester: Rester,
        background: Background,
        events: Events,
        recall: Recall,
        addresses: Addresses,
        publish: Publish,
        rename: Rename,
    ) -> None:
        self._places = places
        self._known = known
        self._arrival = arrival
        self._gateway = gateway
        self._rester = rester
        self._background = background
        self._events = events
        self._recall = recall
        self._addresses = addresses
        self._publish = publish
        self._rename = rename

    async def apply(self, fleet: Fleet) -> FleetChanges:
        """Make the fleet that is served the one that the file says. Never raises for what code does."""
        async with self._known.lock:
            new = {spec.name: with_limits(spec) for spec in fleet.locations}
            found = await self._known.begin(fleet, new)
            if not found:
                return found
            arriving = [*await self._arrived(new, found), *self._known.change(new, found.changed)]
            await self._open(found.added)
            await self._arrival.ready(arriving)
            if found.renamed:
                await self._rename(found.renamed)
            if found.names_differ:
                await self._publish(tuple(new))
            for name in found.removed:
                self._leave(self._places[name])
            return found

    async def _arrived(self, new: Mapping[str, Location], found: FleetChanges) -> list[CodeLocation]:
        places = []
        for name in found.added:
            place = self._places.get(name)
            if place is None:
                place = self._places[name] = await self._recall(new[name])
            place.wish.arrive(new[name])
            places.append(place)
        return places

    async def _open(self, names: tuple[str, ...]) -> None:
        open_already = self._gateway.board.locations()
        missing = tuple(name for name in names if name not in open_already)
        await listen(self._gateway, self._places, await self._addresses(missing))

    # -- going -------------------------------------------------------------------------------------

    def _leave(self, place: CodeLocation) -> None:
        place.wish.leave()
        self._arrival.leave_alone(place)
        self._background.spawn(self._linger(place))

    async def _linger(self, place: CodeLocation) -> None:
        """Answer until nobody asks any more; runs go on until they end."""
        gone_at, board = time.monotonic(), self._gateway.board
        while place.wish.leaving:
            await asyncio.sleep(LINGER_POLL_S)
            now = time.monotonic()
            quiet_s = now - max(gone_at, board.asked_at(place.name))
            idle = not (place.serving.runs or place.serving.waiting or board.in_flight(place.name))
            if idle and quiet_s > QUIET_S:
                await self._close(place)
                return

    async def _close(self, place: CodeLocation) -> None:
        async with self._known.lock:
            if not place.wish.leaving:
                return
            await self._rester.sleep(place, "it was removed from the fleet", force=True)
            await self._gateway.close(place.name)
            self._places.pop(place.name, None)
            self._events.emit(LocationGone(place.name))
