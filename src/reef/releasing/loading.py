"""Load one version of a location beside what is served, and record what it answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reef.background import Background
from reef.hosting.contract import Child, Hosting, LoadReport, LoadTimeout, StartFailed
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings, child_spec
from reef.releasing.recording import Recorder, record_within, too_late
from reef.serving.contract import Startable
from reef.snapshots.record import Recording, RecordingLate, synthesized_load_error
from reef.sources import SourceRecord
from reef.versions.contract import Stamp, Versions
from reef.words import describe

log = logging.getLogger("reef.control")

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


class Loader:
    """Never raises for what the code does."""

    def __init__(
        self, around: Surroundings, hosting: Hosting, versions: Versions, recorder: Recorder
    ) -> None:
        self._around = around
        self._hosting = hosting
        self._versions = versions
        self._recorder = recorder
        self._ending = Background(log, "ending a probe")

    async def close(self) -> None:
        """Whoever ends the hosting ends the probes, too."""
        await self._ending.close()

    async def load_stable(self, place: CodeLocation) -> Loaded:
        """What lies there: load until the code did not change under the load."""
        report: LoadReport | None = None
        loaded: Loaded | None = None
        written: frozenset[str] = frozenset()  # by the load itself, each time: not source
        changed: frozenset[str] = frozenset()
        known = place.release.stamp()
        for attempt in range(MOST_TRIES):
            before = await self._versions.see(place.spec, report, written, known)
            started_at_ns = time.time_ns()
            loaded = await self.load(place, before.stamp, Startable(place.spec))
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

    async def load(self, place: CodeLocation, stamp: Stamp, running: Startable) -> Loaded:
        """This version, once, or twice where it needs what `dagster dev` makes."""
        loaded = await self._once(place, stamp, running, {})
        if self._around.is_dev and MADE_BY_DEV in (loaded.recording.load_error_text or ""):
            log.info("%s: loaded once as `dagster dev` does, which makes its dbt manifest", place.name)
            return await self._once(place, stamp, running, AS_DEV)
        return loaded

    async def _once(
        self, place: CodeLocation, stamp: Stamp, running: Startable, env: Mapping[str, str]
    ) -> Loaded:
        spec = child_spec(running.spec, self._around, "probe", stamp.version, running.copy)
        spec = replace(spec, env={**spec.env, **env})
        began = time.monotonic()
        place.release.note_load(began)
        limit = self._around.load_timeout(running.spec)
        try:
            child = await self._hosting.start(spec, limit.seconds)
        except StartFailed as failure:
            recording = synthesized_load_error(failure.reason, place.name)
            return Loaded(stamp, recording, None, time.monotonic() - began)
        try:
            recording, report = await self._recorded(place, child, began, limit)
        finally:
            self._ending.spawn(self._hosting.stop(child, STOP_GRACE_S))
        return Loaded(stamp, recording, report, time.monotonic() - began)

    async def _recorded(
        self, place: CodeLocation, child: Child, began: float, limit: LoadTimeout
    ) -> tuple[Recording, LoadReport | None]:
        try:
            least_s = min(LEAST_RECORDING_S, limit.seconds)
            remaining_s = max(least_s, limit.seconds - (time.monotonic() - began))
            recording = await record_within(
                self._hosting, child, remaining_s, place.spec.memory_limit_bytes, self._recorder
            )
            return recording, await self._hosting.load_report(child)
        except RecordingLate as late:
            cut_off = await self._hosting.load_report(child)
            reason = too_late(late.doing, cut_off.at if cut_off else "", limit.seconds, limit.setting)
        except Exception as error:
            # The code ended its server, or answers nonsense: its own fault, to be told.
            reason = f"the code server failed while it was recorded: {describe(error)}"
        return synthesized_load_error(reason, place.name), None


def _is_untold(loaded: Loaded) -> bool:
    """It loaded, and nobody knows what it read: a change of that would never be noticed."""
    if loaded.report is not None or loaded.recording.load_error is not None:
        return False
    log.warning("what a load of version %s read is not known", loaded.stamp.version[:12])
    return True
