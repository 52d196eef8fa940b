"""Children and runs that an earlier host left running."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from reef.background import Background
from reef.events import Events, TakenUp
from reef.hosting.contract import Child, Hosting
from reef.locations.place import CodeLocation
from reef.serving.exits import Exits
from reef.serving.resting import Rester
from reef.serving.runs import RunBook

STOP_GRACE_S = 3.0


class Adopter:
    """Those children that serve what is served are taken up, others are drained."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        hosting: Hosting,
        rester: Rester,
        exits: Exits,
        runs: RunBook,
        background: Background,
        events: Events,
    ) -> None:
        self._places = places
        self._hosting = hosting
        self._rester = rester
        self._exits = exits
        self._runs = runs
        self._background = background
        self._events = events

    async def adopt(self) -> None:
        for child in await self._hosting.adopt():
            place = self._places.get(child.location)
            if place is None:
                self._background.spawn(self._hosting.stop(child, STOP_GRACE_S))
            else:
                self._take_up(place, child)
        for run in await asyncio.to_thread(self._runs.load):
            self._exits.take_up_run(run)
        for place in self._places.values():
            if place.child is not None:
                self._background.spawn(self._rester.refresh_runs(place))

    def _take_up(self, place: CodeLocation, child: Child) -> None:
        served = place.served
        serves = place.child is None and served is not None and served.version == child.version
        place.serving.take_up(child, serves=serves)
        if not serves:
            self._rester.go_on_draining(place, child)
        self._events.emit(TakenUp(place.name, child, serves))
