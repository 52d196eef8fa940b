"""Variables from files as they are now: a wake or a reload that comes before the fleet's file is looked at again must
not load code with those of before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from reef.decide.reconcile import FleetChanges
from reef.errors import ReefError
from reef.fleet.model import Fleet, Location
from reef.host.fleet_file import signs
from reef.host.known import KnownLocations
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits

log = logging.getLogger("reef")


class Renewal:
    """Implements `releasing.contract.Renews`. `read` reads the whole fleet, `say` is told what changed."""

    def __init__(
        self,
        fleet: Fleet,
        read: Callable[[], Fleet],
        known: KnownLocations,
        is_busy: Callable[[], bool],
        say: Callable[[FleetChanges], None],
    ) -> None:
        self._fleet = fleet
        self._read = read
        self._known = known
        self._is_busy = is_busy
        self._say = say
        self._signs = signs(fleet.files)  # when the fleet was read
        self._seen = {spec.name: signs(_files_of(spec)) for spec in fleet.locations}
        self._reading = asyncio.Lock()

    async def renew(self, place: CodeLocation, by_name: bool) -> None:
        """What the location's files of variables say now counts from here on, unless it is pinned. `by_name`: also
        what waited for somebody to deploy or reload it. A file that cannot be read changes nothing."""
        if self._is_busy() or place.external is not None or place.wish.leaving:
            return
        new = await self._newer(place)
        if new is not None and place.pinned is None and new != place.wish.wanted:
            self._say(await self._known.change_one(self._fleet, new))
        if by_name:
            await self._known.follow(place)

    async def _newer(self, place: CodeLocation) -> Location | None:
        """Its settings, where one of its files changed since somebody last asked."""
        files = _files_of(place.wish.wanted)
        now = await asyncio.to_thread(signs, files) if files else ()
        if now == self._seen.get(place.name):
            return None
        async with self._reading:
            try:
                await self._read_if_changed()
            except ReefError as error:
                log.warning("%s: its settings stay as they were: %s", place.name, error)
                return None
            self._seen[place.name] = now
        return next((with_limits(one) for one in self._fleet.locations if one.name == place.name), None)

    async def _read_if_changed(self) -> None:
        """Once for all locations whose files changed together. Raises ReefError."""
        now = await asyncio.to_thread(signs, self._fleet.files)
        if now != self._signs:
            self._fleet = await asyncio.to_thread(self._read)
            self._signs = now


def _files_of(spec: Location) -> tuple[str, ...]:
    return (*spec.env_files, *spec.awaited_files)
