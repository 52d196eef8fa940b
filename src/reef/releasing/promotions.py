"""What each promotion changed, and why: kept beside the served records, told by `reef plan` and `reef history`."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

from reef.background import Background
from reef.decide.changed import MadeOf, reasons_between
from reef.decide.diff import Diff, difference
from reef.decide.plan import Reason
from reef.decide.versions import setting_marks
from reef.environments import Environment, EnvironmentProblem
from reef.events import Event, VersionServed
from reef.fleet.model import Location
from reef.locations.place import CodeLocation
from reef.records.contents import ContentMaps, made_of
from reef.records.contract import HistoryRecords
from reef.records.served import ServedRecord
from reef.releasing.outline import outline_of
from reef.snapshots import SnapshotStore
from reef.sources import SourceRecord, source_root
from reef.statedir import StateDir, write_atomic
from reef.words import describe, fault

log = logging.getLogger("reef.control")

MOST_REASONS = 50  # of one promotion, in its history
KEY_BYTES = 32
FORGOTTEN = "after the next start, plans and histories call settings changed that are not"


class Promotions:
    """Everything that touches the disk goes to a thread."""

    def __init__(
        self,
        state: StateDir,
        store: SnapshotStore,
        environments: Mapping[str, Environment | EnvironmentProblem],
        contents: ContentMaps,
        history: HistoryRecords,
    ) -> None:
        self._store = store
        self._environments = environments
        self._key = _key(state)
        self.contents = contents
        self.history = history
        # Location -> what promotes it, and its wave there, from 1 on, where there are several.
        self._by: dict[str, dict[str, Any]] = {}
        self._diffs: dict[tuple[str | None, str | None], Diff] = {}  # seen at a gate, not yet in a history
        self._background = Background(log, "writing a history")
        self._writing: dict[str, asyncio.Task[None]] = {}

    async def keep_contents(self, place: CodeLocation, record: SourceRecord) -> str | None:
        environment = self._environments.get(place.spec.python)
        found = environment if isinstance(environment, Environment) else None
        return await asyncio.to_thread(self._put, place.spec, record, found)

    def _put(self, spec: Location, record: SourceRecord, environment: Environment | None) -> str:
        return self.contents.put(record, self._marks(spec), environment)

    def _marks(self, spec: Location) -> dict[str, str]:
        return setting_marks(spec, self._key, source_root(spec))

    async def why(
        self, served: ServedRecord, spec: Location, record: SourceRecord, environment: Environment | None
    ) -> tuple[Reason, ...]:
        """What differs between what is served and what is there now."""
        return await asyncio.to_thread(self._why, served, spec, record, environment)

    def _why(
        self, served: ServedRecord, spec: Location, record: SourceRecord, environment: Environment | None
    ) -> tuple[Reason, ...]:
        old = self._made_of(served)
        if old is None:
            return (Reason("unclear", "what it was made of is not recorded"),)
        return reasons_between(old, made_of(record, self._marks(spec), environment))

    def _made_of(self, served: ServedRecord) -> MadeOf | None:
        return self.contents.get(served.contents) if served.contents else None

    async def diff(self, old: ServedRecord | None, new: ServedRecord) -> Diff:
        """Definitions of one version against those of another; nothing differs from a version without any."""
        found = await asyncio.to_thread(self._diff, old, new)
        self._diffs[_pair(old, new)] = found
        return found

    def _diff(self, old: ServedRecord | None, new: ServedRecord) -> Diff:
        if old is None or old.snapshot is None or new.snapshot is None or old.snapshot == new.snapshot:
            return Diff()
        before, after = outline_of(self._store, old.snapshot), outline_of(self._store, new.snapshot)
        return Diff() if before is None or after is None else difference(before, after)

    @contextlib.contextmanager
    def promoted_by(self, name: str, who: str, wave: int | None = None) -> Iterator[None]:
        """Meanwhile what is promoted of it is `who`'s doing: a deploy's id, or "rollback"."""
        self._by[name] = {"by": who, "wave": wave}
        try:
            yield
        finally:
            self._by.pop(name, None)

    def hear(self, event: Event) -> None:
        """Begin to write the history of a promotion. It has happened, and the calls that wait for it do not wait for
        this: what fails here is only logged."""
        if isinstance(event, VersionServed):
            self._begin(event.name, event.before, event.now)

    def _begin(self, name: str, old: ServedRecord | None, new: ServedRecord) -> None:
        known = self._diffs.pop(_pair(old, new), None)
        if old is not None and old.server_id == new.server_id:
            return
        by = self._by.get(name, {"by": None, "wave": None})
        before = self._writing.get(name)
        work = self._write(before, name, by, old, new, known)
        self._writing[name] = self._background.spawn(work, must_finish=True)

    async def written(self, name: str) -> None:
        """Returns once the history holds what was noted of a location."""
        if (writing := self._writing.get(name)) is not None:
            await asyncio.shield(writing)

    async def close(self) -> None:
        """Returns once the histories hold all that was noted."""
        await self._background.close()

    async def _write(
        self,
        before: asyncio.Task[None] | None,
        name: str,
        by: dict[str, Any],
        old: ServedRecord | None,
        new: ServedRecord,
        known: Diff | None,
    ) -> None:
        if before is not None:
            await before
        try:
            await asyncio.to_thread(self._note, name, by, old, new, known)
        except Exception as error:
            log.error("%s: its promotion is missing in its history: %s", name, describe(error))

    def _note(
        self,
        name: str,
        by: dict[str, Any],
        old: ServedRecord | None,
        new: ServedRecord,
        known: Diff | None,
    ) -> None:
        entry: dict[str, Any] = {
            "time": new.recorded_at,
            "version": new.version,
            "before": old.version if old else None,
            "server_id": new.server_id,
            "loads": new.load_error is None,
            **by,
            "why": [why.as_dict() for why in self._reasons(old, new)[:MOST_REASONS]],
            "definitions": (known or self._diff(old, new)).as_dict(),
        }
        self.history.add(name, entry)

    def _reasons(self, old: ServedRecord | None, new: ServedRecord) -> tuple[Reason, ...]:
        if old is None:
            return (Reason("new", "the first version that was served"),)
        before, after = self._made_of(old), self._made_of(new)
        if before is None or after is None:
            return (Reason("unclear", "what it was made of is not recorded"),)
        found = reasons_between(before, after)
        return found or (Reason("definitions", "its definitions differ though nothing of it changed"),)


def _pair(old: ServedRecord | None, new: ServedRecord) -> tuple[str | None, str | None]:
    return (old.snapshot if old else None), new.snapshot


def _key(state: StateDir) -> bytes:
    """A secret of this state directory: marks of settings mean nothing to others."""
    path = state.root / "marks.key"
    try:
        found = path.read_bytes()
    except OSError:
        found = b""
    if len(found) != KEY_BYTES:
        found = secrets.token_bytes(KEY_BYTES)
        try:
            write_atomic(path, found)
        except OSError as error:
            log.warning("%s cannot be written (%s): %s", path, fault(error), FORGOTTEN)
    return found
