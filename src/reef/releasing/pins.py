"""Pinned: served from its kept copy, whatever lies on the disk now, until somebody deploys or reloads it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from reef.events import Events, Pinned, Unpinned
from reef.locations.place import CodeLocation
from reef.records.contract import ServedRecords
from reef.records.served import ServedRecord
from reef.releasing.contract import Replaces
from reef.releasing.keeping import Keeper
from reef.releasing.stamps import recorded_stamp
from reef.versions.contract import Versions
from reef.words import fault

ON_DEPLOY = "new code comes by `reef deploy` only"
REFUSED = "a deploy refused newer code"


class Pins:
    """`always`: new code comes by deploys only, so whatever is promoted is pinned."""

    def __init__(
        self,
        records: ServedRecords,
        keeper: Keeper,
        versions: Versions,
        servers: Replaces,
        events: Events,
        always: bool,
    ) -> None:
        self._records = records
        self._keeper = keeper
        self._versions = versions
        self._servers = servers
        self._events = events
        self.always = always

    async def use(self, always: bool, places: Iterable[CodeLocation]) -> None:
        """The fleet's file says so now."""
        if always != self.always:
            self.always = always
            await self.as_the_fleet_says(places)

    async def pin(self, place: CodeLocation, why: str) -> str | None:
        """Serve what is served now from its copy until `unpin`; durable. None, or why it cannot be pinned."""
        async with place.release.probing:
            if (reason := await self._why_not(place)) is not None:
                return reason
            assert place.served is not None
            try:
                await self._write(place, msgspec.structs.replace(place.served, pinned=why))
            except OSError as error:
                return f"it cannot be written down: {fault(error)}"
        self._events.emit(Pinned(place.name, place.served.version, why))
        await self._leave_the_disk(place)
        return None

    async def unpin(self, place: CodeLocation) -> None:
        """From the next wake, reload or deploy on it follows the disk again. Raises OSError."""
        async with place.release.probing:
            if place.served is not None and place.served.pinned is not None:
                await self._write(place, msgspec.structs.replace(place.served, pinned=None))
                self._events.emit(Unpinned(place.name))

    async def as_the_fleet_says(self, places: Iterable[CodeLocation]) -> None:
        """At a start, too: `promote` may have been changed while no host ran."""
        for place in places:
            if self.always and place.pinned is None:
                await self.pin(place, ON_DEPLOY)
            elif not self.always and place.pinned == ON_DEPLOY:
                await self.unpin(place)

    async def _why_not(self, place: CodeLocation) -> str | None:
        if place.external is not None or place.spec.code is None:
            return "its code is not Reef's"
        if place.served is None or place.served.load_error is not None:
            return "nothing that loads is served"
        kept = await self._keeper.of_served(place)
        return "nothing was kept of its version" if kept is None else kept.not_kept

    async def _write(self, place: CodeLocation, record: ServedRecord) -> None:
        await asyncio.to_thread(self._records.save, record)
        place.release.pin(record)

    async def _leave_the_disk(self, place: CodeLocation) -> None:
        """Runs that a server starts load their code again: one whose code has changed under it is replaced."""
        child = place.child
        if child is None or place.serving.child_is_kept:
            return
        changed = await self._versions.change(place.spec, recorded_stamp(place))
        if changed != "same" and place.child is child:
            self._servers.drain(place, "its code changed on the disk and it is pinned")
