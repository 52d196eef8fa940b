"""Keeping what promoted versions need to run again, and making it ready to run."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from reef.background import Background
from reef.copies import BlobStore, CopyFailed, Damaged, Listed, Trees, beside, key_of, listed, mapped, why_not
from reef.fleet.model import Location
from reef.hosting.contract import LoadReport
from reef.locations.place import CodeLocation
from reef.records.contents import ContentMaps
from reef.records.contract import KeptRecords
from reef.records.kept import KeptVersion, kept_now
from reef.records.served import ServedRecord
from reef.serving.contract import Startable
from reef.sources import SourceRecord
from reef.statedir import StateDir
from reef.words import describe, fault

log = logging.getLogger("reef.control")

TRIES = 2  # at source that changes while it is copied


class Keeper:
    """All its work on disks is done by one thread of its own, so that copying delays nobody."""

    def __init__(self, state: StateDir, versions: KeptRecords, contents: ContentMaps) -> None:
        copies = state.folder("copies")
        self.versions = versions
        self._blobs = BlobStore(_folder(copies, "blobs"))
        self._trees = Trees(_folder(copies, "trees"), self._blobs, skip=[str(state.root)])
        self._contents = contents
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="reef-copies")
        self._background = Background(log, "keeping a version")
        self._at_work: dict[str, asyncio.Task[None]] = {}

    # -- keeping -----------------------------------------------------------------------------------

    async def keep(
        self, place: CodeLocation, new: ServedRecord, source: SourceRecord | None, report: LoadReport | None
    ) -> str | None:
        """Keep a version; why it could not be kept, or None. Never raises for what the code or the disk does."""
        if place.spec.code is None or source is None or new.load_error is not None:
            return None
        # stays served where a gate refuses the new one
        served = place.served.version if place.served else None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, self._keep, place.spec, served, new, source, report)

    def keep_later(
        self, place: CodeLocation, new: ServedRecord, source: SourceRecord | None, report: LoadReport | None
    ) -> None:
        """The same for those who need not wait for it; `place.release.not_kept` says how it ended."""
        work = self._later(self._at_work.get(place.name), place, new, source, report)
        self._at_work[place.name] = self._background.spawn(work, must_finish=True)

    async def _later(
        self,
        before: asyncio.Task[None] | None,
        place: CodeLocation,
        new: ServedRecord,
        source: SourceRecord | None,
        report: LoadReport | None,
    ) -> None:
        if before is not None:
            await before
        place.release.keep(await self.keep(place, new, source, report))

    def _keep(
        self,
        spec: Location,
        served: str | None,
        new: ServedRecord,
        source: SourceRecord,
        report: LoadReport | None,
    ) -> str | None:
        reason = why_not(spec, source, report) or self._copied(listed(source.counted()))
        try:
            taken = {} if reason else self._blobs.take(beside(source, report))
            self.versions.put(kept_now(new, spec, reason, taken))
            self.versions.forget(new.location, new.version, served)
        except OSError as error:
            reason = f"it could not be kept: {fault(error)}"
        if reason:
            log.info("%s: version %s cannot be rolled back to: %s", new.location, new.version[:12], reason)
        return reason

    def _copied(self, found: Listed) -> str | None:
        for _ in range(TRIES):
            try:
                self._blobs.put(found.files)
                return None
            except CopyFailed as failure:
                reason = describe(failure)
            except OSError as error:
                return f"its source could not be copied: {fault(error)}"
        return reason

    # -- running -----------------------------------------------------------------------------------

    async def of_served(self, place: CodeLocation) -> KeptVersion | None:
        """What is kept of the version that is served; waits for copying that is under way."""
        if (task := self._at_work.get(place.name)) is not None:
            await asyncio.shield(task)
        if place.served is None:
            return None
        return await asyncio.to_thread(self.versions.get, place.name, place.served.version)

    async def running(self, place: CodeLocation) -> Startable:
        """How its served version is started. Raises Damaged where it is pinned and its copy cannot be used."""
        if place.pinned is None:
            return Startable(place.spec)
        kept = await self.of_served(place)
        if kept is None:
            raise Damaged("what was kept of its version is gone")
        return await self.from_copy(kept)

    async def from_copy(self, kept: KeptVersion) -> Startable:
        """A kept version, ready to be started. Raises Damaged."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ready, kept)

    def _ready(self, kept: KeptVersion) -> Startable:
        found = self._source(kept)
        if found is None:
            raise Damaged("the list of its files is gone")
        try:
            base = self._trees.ready(found, _folders(kept.spec, kept.record))
        except OSError as error:
            raise Damaged(f"its copy cannot be made ready: {fault(error)}") from None
        return Startable(mapped(kept.spec, base), base)

    # -- clearing away -----------------------------------------------------------------------------

    def _forget(self, served: Iterable[tuple[str, str | None]]) -> list[ServedRecord]:
        """Drop old versions and contents that no kept version has. Blocking. The records of those that stay."""
        for location, version in served:
            self.versions.forget(location, version)
        kept = list(self.versions.everything())
        sources = [found for one in kept if (found := self._source(one)) is not None]
        self._blobs.keep(digest for found in sources for digest in found.files.values())
        self._trees.keep(map(key_of, sources))
        return [one.record for one in kept]

    def _source(self, kept: KeptVersion) -> Listed | None:
        made = self._contents.get(kept.record.contents) if kept.record.contents else None
        return None if made is None else listed({**kept.beside, **made.files})

    async def clear(self, served: Iterable[tuple[str, str | None]]) -> list[ServedRecord]:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._forget, list(served))

    async def close(self) -> None:
        """Returns once all that was to be kept is kept."""
        await self._background.close()
        self._thread.shutdown(wait=False)


def _folders(spec: Location, record: ServedRecord) -> list[str]:
    """Folders that the process is started in, where they are the location's own: they may hold no source."""
    scope = record.sources.get("scope")
    roots = [str(root) for root in scope[0]] if isinstance(scope, list) and scope else []
    code = spec.code
    wanted = [spec.cwd, (code.working_directory if code else None) or ""]
    return [
        os.path.normpath(folder)
        for folder in wanted
        if folder and any(folder == root or folder.startswith(f"{root}/") for root in roots)
    ]


def _folder(parent: Path, name: str) -> Path:
    path = parent / name
    path.mkdir(mode=0o700, exist_ok=True)
    return path
