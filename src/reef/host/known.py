"""Settings of locations that are there: what a new content of the fleet's file changes of them.

A wake comes here too, when a file of variables was edited: so nothing here needs the listeners, which need the wakes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from reef.decide.reconcile import FleetChanges, Kind, changes
from reef.events import Events, FleetChanged
from reef.fleet.model import Fleet, Location
from reef.gateway import Board, CallLimits
from reef.host.arriving import Arrival
from reef.locations.place import CodeLocation
from reef.releasing.pins import Pins
from reef.serving.budget import Budget
from reef.serving.resting import Rester


class KnownLocations:
    """`lock` is held while the fleet changes."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        arrival: Arrival,
        board: Board,
        rester: Rester,
        pins: Pins,
        budget: Budget,
        events: Events,
    ) -> None:
        self._places = places
        self._arrival = arrival
        self._board = board
        self._rester = rester
        self._pins = pins
        self._budget = budget
        self._events = events
        self.lock = asyncio.Lock()

    def specs(self) -> dict[str, Location]:
        """The fleet as it is served; locations that only linger are not of it."""
        return {name: place.wish.wanted for name, place in self._places.items() if not place.wish.leaving}

    async def begin(self, fleet: Fleet, new: Mapping[str, Location]) -> FleetChanges:
        """Settings of the whole fleet count from here on; what else is to change."""
        found = changes(self.specs(), new)
        self._budget.use(fleet.memory_budget_bytes)
        await self._pins.use(fleet.promote == "on_deploy", list(self._places.values()))
        if found:
            self._events.emit(FleetChanged(found.added, found.removed, tuple(found.changed)))
        return found

    def change(self, new: Mapping[str, Location], kinds: Mapping[str, Kind]) -> list[CodeLocation]:
        """Settings count from here on; returns those of which another version is to be probed."""
        places = []
        for name, kind in kinds.items():
            place = self._places[name]
            place.wish.want(new[name])
            self._board.limit(name, CallLimits(concurrent=new[name].max_concurrent_calls))
            if kind == "code" and self._pins.always:
                continue  # comes with the next deploy
            place.wish.follow()
            if kind == "placed":
                self._rester.drain(place, "its placement changed")
            if kind in ("code", "placed"):
                places.append(place)
        return places

    async def change_one(self, fleet: Fleet, new: Location) -> FleetChanges:
        """The same of one location alone; the others are not waited for."""
        async with self.lock:
            specs = {**self.specs(), new.name: new}
            found = await self.begin(fleet, specs)
            await self._arrival.ready(self.change(specs, found.changed))
            return found

    async def follow(self, place: CodeLocation) -> None:
        """Settings that waited for a deploy, or that a deploy refused, count for this location from here on."""
        async with self.lock:
            if place.spec != place.wish.wanted and not place.wish.leaving:
                place.wish.follow()
                await self._arrival.ready([place])
