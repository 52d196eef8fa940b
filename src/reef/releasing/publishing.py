"""From a load to what is served: written down first, then shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from reef.decide.revalidate import changes_after
from reef.events import Events, VersionServed
from reef.gateway.contract import Served, Shows
from reef.hosting.contract import LoadReport
from reef.locations.place import CodeLocation
from reef.records.contract import ServedRecords
from reef.records.served import ServedRecord, server_id
from reef.releasing.loading import Loaded
from reef.snapshots import SnapshotStore
from reef.snapshots.model import LocationSnapshot
from reef.snapshots.record import synthesized_load_error
from reef.sources import SourceRecord

KeepReport = Callable[[CodeLocation, LoadReport], Awaitable[str | None]]
KeepContents = Callable[[CodeLocation, SourceRecord], Awaitable[str | None]]


class Publisher:
    """`keep_report` keeps what a load imported, `keep_contents` what it is made of; each gives the digest under which
    that is found again. What is said to raise OSError does so where the disk is full or gone."""

    def __init__(
        self,
        records: ServedRecords,
        store: SnapshotStore,
        shows: Shows,
        events: Events,
        keep_report: KeepReport,
        keep_contents: KeepContents,
    ) -> None:
        self._records = records
        self._store = store
        self._shows = shows
        self._events = events
        self._keep_report = keep_report
        self._keep_contents = keep_contents

    async def recorded(self, place: CodeLocation, loaded: Loaded) -> ServedRecord:
        """The record of what was loaded; nothing is served yet. Raises OSError."""
        recording, stamp, report = loaded.recording, loaded.stamp, loaded.report
        digest: str | None = None
        if recording.snapshot is not None:
            digest = await self.stored(recording.snapshot)
        costs, now = place.costs(), time.time()
        return ServedRecord(
            location=place.name,
            version=stamp.version,
            server_id=server_id(stamp.version, digest, recording.load_error),
            snapshot=digest,
            load_error=recording.load_error,
            recorded_at=now,
            environment=stamp.environment,
            settings=stamp.settings,
            sources=stamp.sources,
            definitions=recording.definitions,
            modules=await self._keep_report(place, report) if report else None,
            contents=await self._keep_contents(place, loaded.record) if loaded.record else None,
            cold_start_s=costs.cold_start_s,
            cold_start_cpu_s=costs.cold_start_cpu_s,
            private_bytes=costs.private_bytes or (report.private_bytes if report else None),
            call_interval_s=costs.call_interval_s,
            connects=report.connects if report else (),
            starts=report.starts if report else (),
            changes=_changes(place.served, stamp.version, digest, now),
        )

    async def stored(self, snapshot: LocationSnapshot) -> str:
        """Its digest. Raises OSError."""
        return await asyncio.to_thread(self._store.put, snapshot)

    async def is_whole(self, snapshot: str | None) -> bool:
        return snapshot is not None and await asyncio.to_thread(self._store.check, snapshot)

    async def promote(self, place: CodeLocation, new: ServedRecord) -> None:
        """Written down first, then to the gateway, which switches snapshot and server id together. Raises OSError."""
        await asyncio.to_thread(self._records.save, new)
        before = place.release.promote(new)
        self._shows.serve(place.name, new.as_served())
        self._events.emit(VersionServed(place.name, before, new))

    def show_error(self, place: CodeLocation, kind: str, text: str) -> None:
        """For a location of which nothing is served; it is not written down."""
        if place.served is None:
            error = synthesized_load_error(text, place.name).load_error
            self._shows.serve(place.name, Served(server_id(kind, None, error), None, error))


def _changes(served: ServedRecord | None, version: str, digest: str | None, now: float) -> tuple[float, ...]:
    if served is None:
        return ()
    same = digest is None or served.snapshot is None or served.snapshot == digest
    return changes_after(served.changes, same_version=served.version == version, same_answers=same, now=now)
