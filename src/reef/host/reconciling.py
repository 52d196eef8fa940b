"""The fleet's file was edited while everything goes on: locations come, go, and change."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping

from reef.decide.reconcile import Changes, Kind, changes
from reef.fleet.model import Fleet, Location
from reef.gateway import CallLimits, ListenAddress
from reef.host.arriving import Arrival
from reef.host.assembly import Assembly
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.words import describe

log = logging.getLogger("reef.control")

QUIET_S = 10.0  # webserver and daemon ask every second, until they know that it is gone
LINGER_POLL_S = 2.0

Addresses = Callable[[tuple[str, ...]], Awaitable[Mapping[str, ListenAddress]]]
Publish = Callable[[tuple[str, ...]], Awaitable[None]]
Rename = Callable[[Mapping[str, str]], Awaitable[None]]


class Reconciler:
    """One reconciliation at a time. `addresses` gives listeners' addresses, `publish` tells Dagster which locations
    there are, `rename` carries state over from old names (new → old)."""

    def __init__(self, parts: Assembly, addresses: Addresses, publish: Publish, rename: Rename) -> None:
        self._parts = parts
        self._places = parts.control.locations
        self._arrival = Arrival(parts)
        self._addresses = addresses
        self._publish = publish
        self._rename = rename
        self._lock = asyncio.Lock()

    async def apply(self, fleet: Fleet) -> Changes:
        """Make the fleet that is served the one that the file says. Never raises for what code does."""
        async with self._lock:
            new = {spec.name: with_limits(spec) for spec in fleet.locations}
            found = changes(self.specs(), new)
            self._parts.control.use_budget(fleet.memory_budget_bytes)
            await self._use_promote(fleet)
            if not found:
                return found
            log.info("the fleet changes: %s", _told(found))
            arriving = [*await self._arrived(new, found), *self._changed(new, found.changed)]
            await self._open(found.added)
            await self._ready(arriving)
            if found.renamed:
                await self._rename(found.renamed)
            if found.names_differ:
                await self._publish(tuple(new))
            for name in found.removed:
                self._leave(self._places[name])
            return found

    def specs(self) -> dict[str, Location]:
        """The fleet as it is served; locations that only linger are not of it."""
        return {name: place.wish.wanted for name, place in self._places.items() if not place.wish.leaving}

    async def follow(self, place: CodeLocation) -> None:
        """Settings that waited for a deploy, or that a deploy refused, count for this location from here on."""
        async with self._lock:
            if place.spec != place.wish.wanted and not place.wish.leaving:
                place.wish.follow()
                await self._ready([place])

    async def _use_promote(self, fleet: Fleet) -> None:
        control = self._parts.control
        always = fleet.promote == "on_deploy"
        if always != control.pin_always:
            control.pin_always = always
            await self._parts.pins.as_the_fleet_says(list(self._places.values()), always)

    # -- coming and changing -----------------------------------------------------------------------

    async def _arrived(self, new: Mapping[str, Location], found: Changes) -> list[CodeLocation]:
        places = []
        for name in found.added:
            place = self._places.get(name)
            if place is None:
                place = self._places[name] = await self._parts.recall(new[name])
            place.wish.arrive(new[name])
            places.append(place)
        return places

    def _changed(self, new: Mapping[str, Location], kinds: Mapping[str, Kind]) -> list[CodeLocation]:
        """Settings count from here on; returns those of which another version is to be probed."""
        places = []
        for name, kind in kinds.items():
            place = self._places[name]
            place.wish.want(new[name])
            self._parts.gateway.limit(name, CallLimits(concurrent=new[name].max_concurrent_calls))
            if kind == "code" and self._parts.control.pin_always:
                continue  # comes with the next deploy
            place.wish.follow()
            if kind == "placed":
                self._parts.control.rester.drain(place, "its placement changed")
            if kind in ("code", "placed"):
                places.append(place)
        return places

    async def _open(self, names: tuple[str, ...]) -> None:
        open_already = self._parts.gateway.locations()
        missing = tuple(name for name in names if name not in open_already)
        await self._arrival.listen(await self._addresses(missing))

    async def _ready(self, places: list[CodeLocation]) -> None:
        """Interpreters and zygotes first, then a probe of each; all are answered for when this returns."""
        planner = self._parts.planner
        hosted = [place for place in places if place.spec.server is None and place.spec.broken is None]
        if hosted:
            await planner.inspect({place.spec.python for place in hosted})
            await planner.plan()  # a zygote forks for the names that it was planned for
        await asyncio.gather(*(self._served(place) for place in places))
        if hosted:
            self._parts.control.waker.environment_probed()  # what they import is known only now

    async def _served(self, place: CodeLocation) -> None:
        try:
            await self._arrival.refuse(place)
            self._arrival.attend(place)
            if place.wish.unusable is None and place.external is None:
                await self._parts.control.probe(place)
        except Exception as error:
            log.exception("%s: it could not be taken in", place.name)
            place.release.note_error(f"it could not be probed: {describe(error)}")

    # -- going -------------------------------------------------------------------------------------

    def _leave(self, place: CodeLocation) -> None:
        place.wish.leave()
        self._arrival.leave_alone(place)
        self._parts.control.spawn(self._linger(place))

    async def _linger(self, place: CodeLocation) -> None:
        """Answer until nobody asks any more; runs go on until they end."""
        gone_at = time.monotonic()
        while place.wish.leaving:
            await asyncio.sleep(LINGER_POLL_S)
            now = time.monotonic()
            quiet_s = now - max(gone_at, self._parts.gateway.asked_at(place.name))
            idle = not (
                place.serving.runs or place.serving.waiting or self._parts.gateway.in_flight(place.name)
            )
            if idle and quiet_s > QUIET_S:
                await self._close(place)
                return

    async def _close(self, place: CodeLocation) -> None:
        async with self._lock:
            if not place.wish.leaving:
                return
            await self._parts.control.rester.sleep(place, "it was removed from the fleet", force=True)
            await self._parts.gateway.close(place.name)
            self._places.pop(place.name, None)
            log.info("%s: removed", place.name)


def _told(found: Changes) -> str:
    parts = [f"{len(found.added)} added", f"{len(found.removed)} removed", f"{len(found.changed)} changed"]
    names = [*found.added, *found.removed, *found.changed]
    return f"{', '.join(parts)}: {', '.join(names[:20])}"
