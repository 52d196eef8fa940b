"""What is said in the status of each CodeLocation. It is written where it changes, and only then."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError, NotFound
from reef.cluster.kinds import CODE_LOCATION
from reef.controller.asked import Asked
from reef.controller.book import Book
from reef.controller.known import Known
from reef.controller.library import Library
from reef.controller.objects import Objects
from reef.controller.places import Places
from reef.controller.versions import Versions
from reef.decide.placements.packing import is_in_pack
from reef.kube.model import CodeLocation
from reef.kube.model.status import MOST_HISTORY
from reef.kube.objects.location_status import Phase, Promoted, Serving, StatusSeen, status
from reef.kube.objects.service import address
from reef.kube.seen.reading import timestamp
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

AT_ONCE = 16


class Statuses:
    """One write at a time for each location."""

    def __init__(self, client: Client, namespace: str, library: Library, objects: Objects) -> None:
        self._client = client
        self._namespace = namespace
        self._library = library
        self._objects = objects
        self._turns = asyncio.Semaphore(AT_ONCE)
        self.stuck: dict[str, str] = {}  # location -> why its pod has no room

    async def say(
        self,
        known: Sequence[Known],
        trouble: Mapping[str, tuple[str, str]],
        fleet: Sequence[Asked],
        found: Versions,
        wanted: Places,
        ports: Mapping[str, int],
        serving: Mapping[str, str],
    ) -> None:
        """What cannot be written now is written by a later look."""
        now = timestamp(time.time())
        by_name = {each.name: each for each in fleet}
        todo = []
        for each in known:
            if each.deleting:
                continue
            if each.name in by_name:
                seen = self._seen(by_name[each.name], found, wanted, ports, serving)
            else:
                seen = _troubled(each, *trouble.get(each.name, ("Unknown", "")))
            after = status(seen, each.status, now)
            if after != each.status:
                todo.append(self._write(each, after))
        await asyncio.gather(*todo)

    async def _write(self, each: Known, after: Mapping[str, Any]) -> None:
        change = _patch(each.status, after)
        async with self._turns:
            try:
                await self._client.patch_status(CODE_LOCATION, each.name, change, self._namespace)
            except NotFound:
                return
            except ClusterError as error:
                log.info("the status of %s is not written: %s", each.name, headline(describe(error)))

    def _seen(
        self,
        each: Asked,
        found: Versions,
        wanted: Places,
        ports: Mapping[str, int],
        serving: Mapping[str, str],
    ) -> StatusSeen:
        known, book = each.known, each.book
        release = found.releases.get(each.name)
        chosen = wanted.placed.chosen.get(each.name)
        kept = book.kept.get(book.version or "")
        place = _place(each.location, serving.get(each.name))
        port = ports.get(each.name)
        phase: Phase = release.phase if release else "served"
        reason = release.reason if release else "Served"
        message = release.message if release else "Its server is somebody else's."
        if chosen is not None and chosen.placement is None:
            phase, reason, message = "impossible", "NoPlacement", chosen.why
        if (foreign := self._objects.foreign.get(each.name)) is not None:
            message += f" Its Service belongs to {foreign}: `reef cutover {each.name}` takes it over."
        if self._library.away is not None:
            message += f" Nothing new can be served: the database is away ({self._library.away})."
        refused = book.refused.get(each.version)
        return StatusSeen(
            generation=known.generation,
            phase=phase,
            reason=reason,
            message=message,
            comes_back=bool(refused and not refused.final),
            version="external" if each.external else book.version,
            image=kept.image if kept else None,
            digest=kept.digest if kept else None,
            placement="external" if each.external else chosen.placement if chosen else None,
            placement_why="It names a server." if each.external else chosen.why if chosen else "",
            serving=Serving(port, **place) if port else None,
            address=address(each.location, self._namespace),
            room=self.stuck.get(each.name),
            not_running=release.not_running if release else None,
            history=_history(book),
            pinned=book.pin.version if book.pin and book.pin.version == each.version else None,
        )


def _patch(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch: what is no longer said is removed, in maps inside, too."""
    found: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        there = before.get(name)
        inside = isinstance(value, Mapping) and isinstance(there, Mapping)
        found[name] = _patch(there, value) if inside else value  # type: ignore[arg-type]
    return found


def _history(book: Book) -> tuple[Promoted, ...]:
    return tuple(
        Promoted(timestamp(each.at), each.version, each.image, each.why, each.version in book.kept)
        for each in book.history[: -MOST_HISTORY - 1 : -1]
    )


def _troubled(each: Known, reason: str, message: str) -> StatusSeen:
    phase: Phase = "conflict" if reason == "Conflict" else "impossible"
    return StatusSeen(each.generation, phase, reason, message)


def _place(location: CodeLocation, place: str | None) -> dict[str, str]:
    """Of `Serving`."""
    if location.spec.server:
        return {"target": f"{location.spec.server.host}:{location.spec.server.port}"}
    if place is None:
        return {}
    return {"pack": place} if is_in_pack(place) else {"deployment": place}
