"""Probe: load a location's code beside what is served, record its answers, promote or refuse it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from reef.copies import Damaged
from reef.decide.revalidate import changes_after
from reef.gateway import Gateway
from reef.gateway.contract import Served
from reef.hosting.contract import Hosting, LoadReport, StartFailed
from reef.locations.place import CodeLocation
from reef.locations.release import Tried
from reef.locations.specs import Surroundings, child_spec
from reef.records.kept import KeptVersion, kept_now
from reef.records.served import Promoted, Refused, ServedRecord, save, server_id
from reef.releasing.keeping import Keeper, Running
from reef.releasing.recording import Recorder, record_within, too_late
from reef.snapshots import SnapshotStore
from reef.snapshots.record import Recording, RecordingLate, record, synthesized_load_error
from reef.sources import SourceRecord
from reef.turns import Turns
from reef.versions.local import Stamp, Versions
from reef.wire.serdes import read_error
from reef.words import describe, fault

log = logging.getLogger("reef.control")

PATIENCE_S = 10.0  # a probe that takes longer no longer counts among the simultaneous ones
LOADING_S = 20.0
MOST_TRIES = 5  # at code that keeps changing while it is loaded
STOP_GRACE_S = 2.0
LEAST_RECORDING_S = 5.0  # for the answers of a load that took nearly all the time it had
MADE_BY_DEV = (
    "DagsterDbtManifestNotFoundError"  # what `dagster dev` makes when it loads, and production does not
)
AS_DEV = {"DAGSTER_IS_DEV_CLI": "1"}


@dataclass(frozen=True)
class Loaded:
    """What one probe found. `recording.load_error` is set where the code did not load."""

    stamp: Stamp
    recording: Recording
    report: LoadReport | None
    seconds: float
    record: SourceRecord | None = None


# Why a version that loads must not replace the one that is served (None where there is none); None lets it.
Gate = Callable[[ServedRecord | None, ServedRecord], Awaitable[str | None]]


class Prober:
    """Runs probes; bounded, because each is a full load of somebody's code."""

    def __init__(
        self,
        around: Surroundings,
        hosting: Hosting,
        gateway: Gateway,
        store: SnapshotStore,
        versions: Versions,
        keeper: Keeper,
        at_once: int,
        recorder: Recorder = record,
    ) -> None:
        self._around = around
        self._hosting = hosting
        self._gateway = gateway
        self._store = store
        self._versions = versions
        self.keeper = keeper
        self._turns = Turns(at_once, PATIENCE_S)
        self._recorder = recorder
        self.keep_report: Callable[[CodeLocation, LoadReport], Awaitable[str | None]] | None = None
        self.keep_contents: Callable[[CodeLocation, SourceRecord], Awaitable[str | None]] | None = None
        self.on_promoted: (
            Callable[[CodeLocation, ServedRecord | None, ServedRecord], Awaitable[None]] | None
        ) = None

    async def probe(
        self, place: CodeLocation, *, show_error: bool = False, gate: Gate | None = None
    ) -> Promoted | Refused:
        """Load what is on disk now, of a pinned one its kept version (unless there is a gate), and serve it if it loads
        (and passes the gate). Never raises for what the code does."""
        if gate is None and (why := place.pinned) is not None:
            return await self.probe_kept(place, await self.keeper.of_served(place), why)
        asked_at = time.monotonic()
        async with place.release.probing:
            if gate is None and place.release.probed is not None and place.release.probed_at >= asked_at:
                return place.release.probed  # somebody else's probe began after this one was asked for
            async with self._turns.turn(urgent=lambda: place.serving.waiting > 0):
                place.release.begin_probe(time.monotonic())
                slow = asyncio.get_running_loop().call_later(LOADING_S, self._say_loading, place)
                try:
                    loaded = await self._load_stable(place)
                    result = await self.judge(place, loaded, show_error, gate)
                finally:
                    slow.cancel()
                shared = gate is None or isinstance(result, Promoted)  # what a gate refuses, others may serve
                place.release.end_probe(result if shared else None)
                return result

    def _say_loading(self, place: CodeLocation) -> None:
        """Dagster's webserver loads one location after the other: it is not kept waiting for a slow first load."""
        place.release.note_slow()
        if place.served is None:
            text = f"it is still loading after {LOADING_S:.0f} s; it appears here as soon as it has loaded"
            error = synthesized_load_error(text, place.name).load_error
            self._gateway.serve(place.name, Served(server_id("loading", None, error), None, error))

    async def _load_stable(self, place: CodeLocation) -> Loaded:
        """Load until the code did not change under the load."""
        report: LoadReport | None = None
        loaded: Loaded | None = None
        written: frozenset[str] = frozenset()  # by the load itself, each time: not source
        changed: frozenset[str] = frozenset()
        known = place.release.stamp()
        for attempt in range(MOST_TRIES):
            before = await self._versions.see(place.spec, report, written, known)
            started_at_ns = time.time_ns()
            loaded = await self._load(place, before.stamp, Running(place.spec))
            report = loaded.report or report
            after = await self._versions.see(place.spec, report, written, known)
            stamp = self._versions.with_defs_state(place.spec, after.stamp, loaded.recording.defs_state)
            loaded = replace(loaded, stamp=stamp, record=after.record)
            again = frozenset(self._versions.changed_during_load(before, after, started_at_ns))
            if not again and (attempt or not _is_untold(loaded)):
                break
            written |= again & changed
            changed = again
        assert loaded is not None
        return loaded

    async def _load(self, place: CodeLocation, stamp: Stamp, running: Running) -> Loaded:
        loaded = await self._load_once(place, stamp, running, {})
        if self._around.is_dev and MADE_BY_DEV in (loaded.recording.load_error_text or ""):
            log.info("%s: loaded once as `dagster dev` does, which makes its dbt manifest", place.name)
            return await self._load_once(place, stamp, running, AS_DEV)
        return loaded

    async def _load_once(
        self, place: CodeLocation, stamp: Stamp, running: Running, env: Mapping[str, str]
    ) -> Loaded:
        spec = child_spec(running.spec, self._around, "probe", stamp.version, running.copy)
        spec = replace(spec, env={**spec.env, **env})
        started = time.monotonic()
        place.release.note_load(started)
        limit = self._around.load_timeout(running.spec)
        try:
            child = await self._hosting.start(spec, limit.seconds)
        except StartFailed as failure:
            recording = synthesized_load_error(failure.reason, place.name)
            return Loaded(stamp, recording, None, time.monotonic() - started)
        try:
            least_s = min(LEAST_RECORDING_S, limit.seconds)
            remaining_s = max(least_s, limit.seconds - (time.monotonic() - started))
            recording = await record_within(
                self._hosting, child, remaining_s, place.spec.memory_limit_bytes, self._recorder
            )
            report = await self._hosting.load_report(child)
        except RecordingLate as late:
            cut_off = await self._hosting.load_report(child)
            reason = too_late(late.doing, cut_off.at if cut_off else "", limit.seconds, limit.setting)
            recording, report = synthesized_load_error(reason, place.name), None
        except (
            Exception
        ) as error:  # the code ended its server, or answers nonsense: its own fault, to be told
            recording = synthesized_load_error(
                f"the code server failed while it was recorded: {describe(error)}", place.name
            )
            report = None
        finally:
            stopping = asyncio.create_task(self._hosting.stop(child, STOP_GRACE_S))
            stopping.add_done_callback(_log_failure)
        return Loaded(stamp, recording, report, time.monotonic() - started)

    async def judge(
        self, place: CodeLocation, loaded: Loaded, show_error: bool, gate: Gate | None = None
    ) -> Promoted | Refused:
        error = loaded.recording.load_error
        served = place.served
        if error is not None and served is not None and served.load_error is None and not show_error:
            text = loaded.recording.load_error_text or "it does not load"
            place.release.refuse(Tried(loaded.stamp, error), text)
            return Refused(text)
        if _same_failure(served, loaded):
            text = loaded.recording.load_error_text or "it does not load"
            place.release.note_error(text)
            return Refused(text)
        try:
            new = await self._recorded(place, loaded)
            if gate is not None:
                not_kept = await self.keeper.keep(place, new, loaded.record, loaded.report)
                if (reason := await gate(served, new)) is not None:
                    return Refused(reason)
            await self.promote(place, new)
            if gate is not None:
                place.release.keep(not_kept)
            else:
                self.keeper.keep_later(place, new, loaded.record, loaded.report)
        except OSError as full:
            reason = f"what it answers could not be stored: {fault(full)}"
            place.release.note_error(reason)
            log.error("%s: %s", place.name, reason)
            return await self._unstored(place, reason)
        place.release.note_error(loaded.recording.load_error_text if error is not None else None)
        return Promoted(new)

    # -- what is kept ------------------------------------------------------------------------------

    async def probe_kept(
        self, place: CodeLocation, kept: KeptVersion | None, pinned: str
    ) -> Promoted | Refused:
        """Load a kept version from its copy, and serve it, pinned, if it loads. Never raises for what the code does."""
        if kept is None:
            return Refused("what was kept of its version is gone")
        async with place.release.probing, self._turns.turn(urgent=lambda: place.serving.waiting > 0):
            place.release.begin_kept()
            try:
                running = await self.keeper.from_copy(kept)
            except Damaged as damaged:
                return Refused(describe(damaged))
            stamp = self._versions.stamp_of_kept(kept.spec, kept.record)
            loaded = await self._load(place, stamp, running)
            if loaded.recording.load_error is not None:
                return Refused(loaded.recording.load_error_text or "it does not load")
            try:
                new = msgspec.structs.replace(await self._as_it_was(place, kept, loaded), pinned=pinned)
                await self.promote(place, new)
            except OSError as full:
                return Refused(f"what it answers could not be stored: {fault(full)}")
            place.release.note_error(None)
            place.release.keep(None)
            place.release.end_probe(None)
            return Promoted(new)

    async def _as_it_was(self, place: CodeLocation, kept: KeptVersion, loaded: Loaded) -> ServedRecord:
        """The same record, and so the same server id, as long as it is the same version and its snapshot is there."""
        old = kept.record
        if (
            loaded.stamp.version == old.version
            and old.snapshot
            and await asyncio.to_thread(self._store.check, old.snapshot)
        ):
            await asyncio.to_thread(
                self.keeper.versions.put, msgspec.structs.replace(kept, kept_at=time.time())
            )
            return msgspec.structs.replace(old, recorded_at=time.time())
        new = await self._recorded(place, loaded)
        new = msgspec.structs.replace(new, contents=old.contents, modules=new.modules or old.modules)
        await asyncio.to_thread(self.keeper.versions.put, kept_now(new, kept.spec, None, kept.beside))
        return new

    async def _unstored(self, place: CodeLocation, reason: str) -> Refused:
        """The disk is full or gone: the last good version stays; where there is none, Dagster is told why."""
        if place.served is None:
            error = synthesized_load_error(reason, place.name).load_error
            self._gateway.serve(place.name, Served(server_id("unstored", None, error), None, error))
        return Refused(reason)

    async def _recorded(self, place: CodeLocation, loaded: Loaded) -> ServedRecord:
        recording, stamp, report = loaded.recording, loaded.stamp, loaded.report
        digest: str | None = None
        if recording.snapshot is not None:
            digest = await asyncio.to_thread(self._store.put, recording.snapshot)
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
            modules=await self.keep_report(place, report) if report and self.keep_report else None,
            contents=await self._kept_contents(place, loaded.record),
            cold_start_s=costs.cold_start_s,
            cold_start_cpu_s=costs.cold_start_cpu_s,
            private_bytes=costs.private_bytes or (report.private_bytes if report else None),
            call_interval_s=costs.call_interval_s,
            connects=report.connects if report else (),
            starts=report.starts if report else (),
            changes=_changes(place.served, stamp.version, digest, now),
        )

    async def _kept_contents(self, place: CodeLocation, record: SourceRecord | None) -> str | None:
        return await self.keep_contents(place, record) if record and self.keep_contents else None

    async def promote(self, place: CodeLocation, new: ServedRecord) -> None:
        """On disk first, then to the gateway, which switches snapshot and server id together."""
        await asyncio.to_thread(save, self._around.state.served_file(place.name), new)
        if place.served is None or place.served.version != new.version:
            place.serving.note_error(None)  # it was of other code
        old = place.release.promote(new)
        self._gateway.serve(place.name, new.as_served())
        log.info("%s: serving version %s (%s)", place.name, new.version[:12], new.server_id)
        if self.on_promoted is not None:
            await self.on_promoted(place, old, new)


def _changes(served: ServedRecord | None, version: str, digest: str | None, now: float) -> tuple[float, ...]:
    if served is None:
        return ()
    same = digest is None or served.snapshot is None or served.snapshot == digest
    return changes_after(served.changes, same_version=served.version == version, same_answers=same, now=now)


def _is_untold(loaded: Loaded) -> bool:
    """It loaded, and nobody knows what it read: a change of that would never be noticed."""
    if loaded.report is not None or loaded.recording.load_error is not None:
        return False
    log.warning("what a load of version %s read is not known", loaded.stamp.version[:12])
    return True


def _same_failure(served: ServedRecord | None, loaded: Loaded) -> bool:
    """The same code failed in the same way: the traceback's details are not worth a reload in every client."""
    error = loaded.recording.load_error
    if served is None or served.load_error is None or error is None or served.version != loaded.stamp.version:
        return False
    old, new = (read_error(text.encode()) for text in (served.load_error, error))
    return (old.message, old.cls_name) == (new.message, new.cls_name)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.error("a probe could not be ended: %s", describe(error))
