"""One round of `--watch`: of the locations that a change may concern, those that changed are probed."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping

from reef.decide.load_errors import brief
from reef.decide.watch_lines import Outcome
from reef.locations.place import CodeLocation
from reef.records.served import Promoted, Refused
from reef.releasing.reloading import Reloader
from reef.versions.contract import Change, Versions
from reef.wire.serdes import read_error
from reef.words import classed

log = logging.getLogger("reef.control")


class Rounds:
    """`fleet_again` reads the fleet's file again, and takes over what it says: variables from files are read there."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        versions: Versions,
        reloader: Reloader,
        fleet_again: Callable[[], Awaitable[None]],
    ) -> None:
        self._places = places
        self._versions = versions
        self._reloader = reloader
        self._fleet_again = fleet_again
        self._locks: dict[str, asyncio.Lock] = {}
        self._told_pinned: dict[str, str] = {}

    async def changed(self, names: Iterable[str]) -> list[str]:
        """Those of the locations whose files or settings are not what was last loaded."""
        found = [place for name in names if (place := self._place(name)) is not None]
        places = [one for one in found if one.pinned is None or one.pinned != self._told_pinned.get(one.name)]
        answers = await asyncio.gather(*(self._change(place) for place in places))
        return [place.name for place, change in zip(places, answers, strict=True) if change != "same"]

    async def take(self, concerned: Mapping[str, tuple[str, ...]]) -> list[Outcome]:
        """Probe those that changed; those of which nothing changed have no outcome."""
        if any(self._has_variables(name, path) for name, paths in concerned.items() for path in paths):
            await self._fleet_again()
        outcomes = await asyncio.gather(*(self._guarded(name) for name in sorted(concerned)))
        return [outcome for outcome in outcomes if outcome is not None]

    def _has_variables(self, name: str, path: str) -> bool:
        place = self._place(name)
        return place is not None and (
            path.endswith("/.env")
            or path in map(os.path.abspath, (*place.spec.env_files, *place.spec.awaited_files))
        )

    def _place(self, name: str) -> CodeLocation | None:
        place = self._places.get(name)
        return None if place is None or place.external is not None or place.wish.unusable else place

    async def _change(self, place: CodeLocation) -> Change:
        """Against what was last loaded, be it served or not."""
        stamps = place.release.stamps()
        return await self._versions.change(place.spec, stamps[0]) if stamps else "source"

    async def _guarded(self, name: str) -> Outcome | None:
        try:
            async with self._locks.setdefault(name, asyncio.Lock()):
                return await self._one(name)
        except Exception as error:
            log.exception("%s: what was saved could not be loaded", name)
            return Outcome(name, "failed", classed(error))

    async def _one(self, name: str) -> Outcome | None:
        place = self._place(name)
        if place is None or place.wish.leaving:
            return None
        async with place.release.probing:
            pass  # what another probe is about to find need not be found twice
        if place.pinned is not None:
            return self._pinned(name, place.pinned)
        self._told_pinned.pop(name, None)
        changed = await self._change(place)
        if changed == "same":
            return None
        show = place.spec.on_load_error == "show"
        result = await self._reloader.load(place, changed, show_error=show)
        return _outcome(place, result)

    def _pinned(self, name: str, why: str) -> Outcome | None:
        """Said once for each pin."""
        if self._told_pinned.get(name) == why:
            return None
        self._told_pinned[name] = why
        return Outcome(name, "pinned", why)


def _outcome(place: CodeLocation, result: Promoted | Refused | None) -> Outcome | None:
    if result is None:
        return Outcome(place.name, "failed", place.wish.unusable or "it cannot be started")
    if isinstance(result, Refused):
        error = place.release.tried.error if place.release.tried is not None else None
        return Outcome(place.name, "failed", brief(read_error(error.encode())) if error else result.reason)
    if result.record.load_error is not None:
        return Outcome(place.name, "failed", brief(read_error(result.record.load_error.encode())))
    return Outcome(place.name, "promoted")
