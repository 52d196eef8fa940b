"""From a fresh or interrupted state to a fleet that is served: look, adopt, plan, probe what changed."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import Protocol

from reef.host.assembly import Assembly
from reef.locations.place import CodeLocation
from reef.progress import Silence
from reef.releasing.stamps import recorded_stamp
from reef.thrift import give_back

log = logging.getLogger("reef.control")


class ProgressBar(Protocol):
    """Told what goes on; a bar for people, silence for programs."""

    def begin(self, label: str, total: int) -> None: ...
    def step(self) -> None: ...
    def end(self) -> None: ...


class Starter:
    def __init__(self, parts: Assembly) -> None:
        self._parts = parts
        self._background = parts.background
        self._planner = parts.serving.planner
        self._places = parts.places

    async def start(self, progress: ProgressBar, storages: asyncio.Future[None] | None = None) -> None:
        """Returns when every location is served (or known to fail); raises nothing for what code does. No code is
        loaded before the instance's `storages` are made: some loads open the instance."""
        await self._parts.adopter.adopt()
        await self._planner.inspect()
        arrival = self._parts.fleet.arrival
        await asyncio.gather(*(arrival.refuse(place) for place in self._places.values()))
        for place in self._places.values():
            arrival.attend(place)
        new = [place for place in self._usable() if place.served is None]
        planning = asyncio.create_task(self._planner.plan(draft=bool(new)))
        if storages is not None:
            await asyncio.shield(storages)
        if new:
            await planning
            await self._probe_all(new, progress)
        self._background.spawn(self._catch_up(planning, new))

    def _usable(self) -> list[CodeLocation]:
        return [place for place in self._planner.hosted() if place.wish.unusable is None]

    async def _catch_up(self, planning: asyncio.Task[None], probed: list[CodeLocation]) -> None:
        """What the first calls need not wait for: code that changed while no host looked, loads that failed."""
        await planning
        await self._parts.releasing.pins.as_the_fleet_says(self._usable())
        changed = await self._to_probe(probed)
        await self._probe_all(changed, Silence())
        self._background.spawn(self._parts.clearer.clear())
        if probed or changed:
            await self._planner.plan()  # now that it is known what the locations import
        give_back()

    async def _to_probe(self, probed: list[CodeLocation]) -> list[CodeLocation]:
        hosted = [place for place in self._usable() if place not in probed]
        limit = asyncio.Semaphore(2 * (os.cpu_count() or 2))

        async def needs(place: CodeLocation) -> bool:
            if not place.release.loads_what_is_served:
                return True
            if place.pinned is not None:
                return False
            async with limit:
                return await self._parts.serving.versions.change(place.spec, recorded_stamp(place)) != "same"

        answers = await asyncio.gather(*(needs(place) for place in hosted))
        return [place for place, answer in zip(hosted, answers, strict=True) if answer]

    async def _probe_all(self, places: list[CodeLocation], progress: ProgressBar) -> None:
        progress.begin("Loading code locations", len(places))

        async def one(place: CodeLocation) -> None:
            probing = self._background.spawn(self._probe(place))
            slow = asyncio.create_task(place.release.loads_slowly.wait())
            await asyncio.wait({probing, slow}, return_when=asyncio.FIRST_COMPLETED)
            slow.cancel()
            progress.step()

        await asyncio.gather(*(one(place) for place in places))
        progress.end()

    async def _probe(self, place: CodeLocation) -> None:
        try:
            await self._parts.releasing.releaser.probe(place)
        except Exception as error:
            log.exception("%s: its probe failed", place.name)
            self._parts.releasing.prober.note_unprobed(place, error)
