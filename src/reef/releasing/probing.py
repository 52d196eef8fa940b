"""Probe: load a location's code beside what is served, record its answers, promote or refuse it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import msgspec

from reef.copies import Damaged
from reef.events import Events, Probed, VersionRefused
from reef.locations.place import CodeLocation
from reef.locations.release import Tried
from reef.records.kept import KeptVersion, kept_now
from reef.records.served import Promoted, Refused, ServedRecord
from reef.releasing.judging import judge
from reef.releasing.keeping import Keeper
from reef.releasing.loading import Loaded, Loader
from reef.releasing.publishing import Publisher
from reef.snapshots.record import Recording, synthesized_load_error
from reef.turns import Turns
from reef.versions.contract import Stamp, Versions
from reef.words import describe, fault

log = logging.getLogger("reef.control")

PATIENCE_S = 10.0  # a probe that takes longer no longer counts among the simultaneous ones
LOADING_S = 20.0
NOT_LOADED = "it does not load"

# Why a version that loads must not replace the one that is served (None where there is none); None lets it.
Gate = Callable[[ServedRecord | None, ServedRecord], Awaitable[str | None]]


class Prober:
    """Runs probes; bounded, because each is a full load of somebody's code."""

    def __init__(
        self,
        loader: Loader,
        publisher: Publisher,
        versions: Versions,
        keeper: Keeper,
        events: Events,
        at_once: int,
    ) -> None:
        self._loader = loader
        self._publisher = publisher
        self._versions = versions
        self._keeper = keeper
        self._events = events
        self._turns = Turns(at_once, PATIENCE_S)

    async def probe(
        self, place: CodeLocation, *, show_error: bool = False, gate: Gate | None = None
    ) -> Promoted | Refused:
        """Load what is on disk now, of a pinned one its kept version (unless there is a gate), and serve it if it loads
        (and passes the gate). Never raises for what the code does."""
        if gate is None and (why := place.pinned) is not None:
            return await self.probe_kept(place, await self._keeper.of_served(place), why)
        asked_at = time.monotonic()
        async with place.release.probing:
            probed = place.release.probed
            if gate is None and probed is not None and place.release.probed_at >= asked_at:
                return probed  # somebody else's probe began after this one was asked for
            async with self._turns.turn(urgent=lambda: place.serving.waiting > 0):
                place.release.begin_probe(time.monotonic())
                slow = asyncio.get_running_loop().call_later(LOADING_S, self._say_loading, place)
                try:
                    loaded = await self._loader.load_stable(place)
                    self._note(place, loaded)
                    result = await self._judge(place, loaded, show_error, gate)
                finally:
                    slow.cancel()
                # What a gate refuses, others may serve.
                shared = gate is None or isinstance(result, Promoted)
                place.release.end_probe(result if shared else None)
                return result

    def _say_loading(self, place: CodeLocation) -> None:
        """Dagster's webserver loads one location after the other: it is not kept waiting for a slow first load."""
        place.release.note_slow()
        text = f"it is still loading after {LOADING_S:.0f} s; it appears here as soon as it has loaded"
        self._publisher.show_error(place, "loading", text)

    async def refuse_unusable(self, place: CodeLocation, reason: str) -> None:
        """Nothing of it can be started: that is what is served, unless something is that loads."""
        place.release.note_error(reason)
        if not place.release.loads_what_is_served:
            await self.serve_error(place, "unusable", reason)

    def note_unprobed(self, place: CodeLocation, error: Exception) -> None:
        """Reef itself failed at it."""
        place.release.note_error(f"it could not be probed: {describe(error)}")

    async def serve_error(self, place: CodeLocation, version: str, text: str) -> None:
        """It could not even be loaded: that is what is served, whatever was before."""
        await self.serve_recording(
            place, Stamp(version, "", "", {}), synthesized_load_error(text, place.name)
        )

    async def serve_recording(self, place: CodeLocation, stamp: Stamp, recording: Recording) -> None:
        """What somebody else has loaded."""
        await self._judge(place, Loaded(stamp, recording, None, 0.0), show_error=True)

    def _note(self, place: CodeLocation, loaded: Loaded) -> None:
        error = loaded.recording.load_error_text
        self._events.emit(Probed(place.name, loaded.stamp.version, loaded.seconds, error))

    async def _judge(
        self, place: CodeLocation, loaded: Loaded, show_error: bool, gate: Gate | None = None
    ) -> Promoted | Refused:
        error, text = loaded.recording.load_error, loaded.recording.load_error_text
        match judge(loaded, place.served, show_error):
            case "keep":
                assert error is not None
                place.release.refuse(Tried(loaded.stamp, error), text or NOT_LOADED)
                return self._refused(place, loaded, text or NOT_LOADED)
            case "same error":
                place.release.note_error(text or NOT_LOADED)
                return self._refused(place, loaded, text or NOT_LOADED)
        try:
            result = await self._promoted(place, loaded, gate)
        except OSError as full:
            reason = f"what it answers could not be stored: {fault(full)}"
            place.release.note_error(reason)
            log.error("%s: %s", place.name, reason)
            # The last good version stays; where there is none, Dagster is told why.
            self._publisher.show_error(place, "unstored", reason)
            return Refused(reason)
        if isinstance(result, Promoted):
            place.release.note_error(text if error is not None else None)
        return result

    async def _promoted(self, place: CodeLocation, loaded: Loaded, gate: Gate | None) -> Promoted | Refused:
        new = await self._publisher.recorded(place, loaded)
        if gate is None:
            await self._publisher.promote(place, new)
            self._keeper.keep_later(place, new, loaded.record, loaded.report)
            return Promoted(new)
        not_kept = await self._keeper.keep(place, new, loaded.record, loaded.report)
        if (reason := await gate(place.served, new)) is not None:
            return self._refused(place, loaded, reason)
        await self._publisher.promote(place, new)
        place.release.keep(not_kept)
        return Promoted(new)

    def _refused(self, place: CodeLocation, loaded: Loaded, reason: str) -> Refused:
        self._events.emit(VersionRefused(place.name, loaded.stamp.version, reason))
        return Refused(reason)

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
                running = await self._keeper.from_copy(kept)
            except Damaged as damaged:
                return Refused(describe(damaged))
            stamp = self._versions.stamp_of_kept(kept.spec, kept.record)
            loaded = await self._loader.load(place, stamp, running)
            self._note(place, loaded)
            if loaded.recording.load_error is not None:
                return self._refused(place, loaded, loaded.recording.load_error_text or NOT_LOADED)
            try:
                new = msgspec.structs.replace(await self._as_it_was(place, kept, loaded), pinned=pinned)
                await self._publisher.promote(place, new)
            except OSError as full:
                return Refused(f"what it answers could not be stored: {fault(full)}")
            place.release.note_error(None)
            place.release.keep(None)
            place.release.end_probe(None)
            return Promoted(new)

    async def _as_it_was(self, place: CodeLocation, kept: KeptVersion, loaded: Loaded) -> ServedRecord:
        """The same record, and so the same server id, as long as it is the same version and its snapshot is there."""
        old, put = kept.record, self._keeper.versions.put
        if loaded.stamp.version == old.version and await self._publisher.is_whole(old.snapshot):
            await asyncio.to_thread(put, msgspec.structs.replace(kept, kept_at=time.time()))
            return msgspec.structs.replace(old, recorded_at=time.time())
        new = await self._publisher.recorded(place, loaded)
        new = msgspec.structs.replace(new, contents=old.contents, modules=new.modules or old.modules)
        await asyncio.to_thread(put, kept_now(new, kept.spec, None, kept.beside))
        return new
