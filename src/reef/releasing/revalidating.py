"""Definitions that change without a code change: looked at after wakes, or at intervals, and published."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Coroutine, Mapping
from typing import Any

import msgspec

from reef.background import Background
from reef.decide import revalidate
from reef.events import Event, Events, Woken
from reef.gateway.contract import Traffic
from reef.hosting.contract import Child
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings
from reef.records.served import ServedRecord, server_id
from reef.releasing.publishing import Publisher
from reef.releasing.recording import Recorder
from reef.releasing.releaser import Releaser
from reef.snapshots import SnapshotStore
from reef.snapshots.index import encode
from reef.snapshots.record import Recording, RecordingFailed, record
from reef.words import describe

log = logging.getLogger("reef.control")

TICK_S = 1.0
LOOK_S = 0.1
LONGEST_WAIT_S = 60.0  # for the calls that woke a location with large answers


class Revalidator:
    """One for the host. At most one look at a location at a time."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        releaser: Releaser,
        publisher: Publisher,
        traffic: Traffic,
        store: SnapshotStore,
        around: Surroundings,
        background: Background,
        events: Events,
        recorder: Recorder = record,
    ) -> None:
        self._places = places
        self._releaser = releaser
        self._publisher = publisher
        self._traffic = traffic
        self._background = background
        self._around = around
        self._recorder = recorder
        self._store = store
        self._looks: dict[str, asyncio.Task[None]] = {}
        events.subscribe(self._hear)
        self._due: dict[str, tuple[float, float]] = {}  # location -> its interval, when (monotonic) it is due

    # -- after a wake ------------------------------------------------------------------------------

    def _hear(self, event: Event) -> None:
        """A child came up: what it answers is compared, off the path of the call that woke it."""
        place = self._places.get(event.name) if isinstance(event, Woken) else None
        if place is not None and place.spec.revalidate == "on_wake" and place.child is not None:
            self._look(place, self._after_wake(place, place.child))

    async def _after_wake(self, place: CodeLocation, child: Child) -> None:
        served = place.served
        if served is None or served.snapshot is None:
            return
        size = await asyncio.to_thread(self._store.size, served.snapshot)
        if size is None or size >= revalidate.LARGE_BYTES:
            await self._until_passed_on(place)
        try:
            timeout_s = self._around.load_timeout(place.spec).seconds
            recording = await self._recorder(f"unix:{child.socket}", timeout_s)
        except RecordingFailed as failure:
            log.info("%s: its answers after the wake are not known: %s", place.name, describe(failure))
            return
        async with place.release.probing:
            await self._compare(place, child, recording)

    async def _until_passed_on(self, place: CodeLocation) -> None:
        deadline = time.monotonic() + LONGEST_WAIT_S
        while place.serving.waiting or self._traffic.in_flight(place.name):
            if time.monotonic() >= deadline:
                return
            await asyncio.sleep(LOOK_S)

    async def _compare(self, place: CodeLocation, child: Child, recording: Recording) -> None:
        served = place.served
        if served is None or served.version != child.version or recording.snapshot is None:
            return  # another version was promoted meanwhile, or the child could not say what it holds
        digest, _ = await asyncio.to_thread(encode, recording.snapshot)
        if digest == served.snapshot:
            place.release.see(time.time())
            return
        new = _republished(served, digest, recording)
        if self._held_back(place, served, new) is None:
            await self._publisher.stored(recording.snapshot)
            await self._publisher.promote(place, new)

    # -- at intervals ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            for place in list(self._places.values()):
                if self._is_due(place, time.monotonic()):
                    self._look(place, self._again(place))

    def _is_due(self, place: CodeLocation, now: float) -> bool:
        if place.external is not None or place.wish.unusable or place.wish.leaving:
            return False
        if place.served is None or place.pinned is not None:
            return False
        if place.release.held_back_until is not None and now >= place.release.held_back_until:
            return True
        every_s = place.spec.revalidate
        if not isinstance(every_s, float):
            self._due.pop(place.name, None)
            return False
        known = self._due.get(place.name)
        if known is None or known[0] != every_s:
            age_s = time.time() - place.release.recorded_at()
            known = every_s, now + revalidate.first_look_s(every_s, age_s, random.random())
            self._due[place.name] = known
        return now >= known[1]

    async def _again(self, place: CodeLocation) -> None:
        async def gate(served: ServedRecord | None, new: ServedRecord) -> str | None:
            return None if served is None else self._held_back(place, served, new)

        place.release.hold_back(None)
        try:
            await self._releaser.probe(place, gate=gate)
        finally:
            if isinstance(every_s := place.spec.revalidate, float):
                chance = random.random()
                self._due[place.name] = (
                    every_s,
                    time.monotonic() + revalidate.next_look_s(every_s, chance),
                )

    # -- both --------------------------------------------------------------------------------------

    def _held_back(self, place: CodeLocation, served: ServedRecord, new: ServedRecord) -> str | None:
        """Why other answers of the same version are not published yet; they are looked at again in time."""
        if new.version != served.version or new.snapshot == served.snapshot:
            return None
        seconds = revalidate.held_back_s(served.changes, time.time())
        if not seconds:
            return None
        place.release.hold_back(time.monotonic() + seconds)
        reason = f"unstable: its definitions changed again with the same code, published in {seconds:.0f} s"
        log.info("%s: %s", place.name, reason)
        return reason

    def _look(self, place: CodeLocation, look: Coroutine[Any, Any, None]) -> None:
        before = self._looks.get(place.name)
        if before is not None and not before.done():
            look.close()
            return
        self._looks[place.name] = self._background.spawn(look)


def _republished(served: ServedRecord, digest: str, recording: Recording) -> ServedRecord:
    """The same version with other answers."""
    now = time.time()
    return msgspec.structs.replace(
        served,
        snapshot=digest,
        server_id=server_id(served.version, digest, None),
        definitions=recording.definitions,
        recorded_at=now,
        changes=revalidate.changes_after(served.changes, same_version=True, same_answers=False, now=now),
    )
