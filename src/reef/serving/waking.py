"""Wake: from a held call to a child that answers, with code that was probed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from reef.copies import Damaged
from reef.gateway.contract import WakeRefused
from reef.hosting.contract import Child, Hosting, StartFailed
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings, child_spec
from reef.procfs import cpu_seconds
from reef.records.served import Refused
from reef.releasing.keeping import Keeper, Running
from reef.releasing.probing import Prober
from reef.turns import Turns
from reef.versions.local import Change, Stamp, Versions
from reef.words import describe, headline

log = logging.getLogger("reef.control")

SETTLE_S = 5.0  # how long a file that does not load may still be being written
SETTLE_POLL_S = 0.2
MOST_TRIES = 4
PATIENCE_S = 5.0  # a wake that takes longer no longer counts among the simultaneous ones


def recorded_stamp(place: CodeLocation) -> Stamp:
    stamp = place.release.stamp()
    assert stamp is not None
    return stamp


class Waker:
    """Starts children for locations. One wake at a time for each location, `at_once` for the whole host."""

    def __init__(
        self,
        around: Surroundings,
        hosting: Hosting,
        versions: Versions,
        prober: Prober,
        keeper: Keeper,
        at_once: int,
    ) -> None:
        self._around = around
        self._hosting = hosting
        self._versions = versions
        self._prober = prober
        self._keeper = keeper
        self._turns = Turns(at_once, PATIENCE_S)
        self.environment_changed: Callable[[CodeLocation], Awaitable[None]] | None = None
        self.environment_probed: Callable[[], None] = lambda: None
        self.renew: Callable[[CodeLocation, bool], Awaitable[None]] | None = None
        self.on_awake: Callable[[CodeLocation], None] = lambda _: None

    async def wake(self, place: CodeLocation) -> None:
        """Afterwards `place.child` is set. Raises WakeRefused with the reason for people."""
        if self.renew is not None:
            await self.renew(place, False)
        async with self._turns.turn():
            if place.served is None or place.served.load_error is not None:
                await self._first_load(place)
            changes: list[Change] = []
            while len(changes) < MOST_TRIES:
                if await self._attempt(place, changes):
                    return
            raise self._refuse(place, "its code kept changing while it was started")

    async def _first_load(self, place: CodeLocation) -> None:
        served = place.served
        if served is not None and await self._versions.change(place.spec, recorded_stamp(place)) == "same":
            raise WakeRefused(f"code location {place.name!r} does not load: {place.load_error_text}")
        await self._prober.probe(place)
        if place.served is None or place.served.load_error is not None:
            raise self._refuse(place, f"it does not load: {place.load_error_text}")

    async def _attempt(self, place: CodeLocation, changes: list[Change]) -> bool:
        """Start a child and see that it holds what was probed. False: the code changed, try again."""
        assert place.served is not None
        version = place.served.version
        started = time.monotonic()
        running = await self._running(place)
        place.serving.note_load(started)
        child, failure = await self._start(running, version)
        changed = await self._changed(place, running)
        if changed == "same" and child is not None:
            if place.served.version == version:
                place.serving.note_awake(
                    child, time.monotonic() - started, cpu_seconds(child.pid), bool(running.copy)
                )
                self.on_awake(place)
                return True
            await self._hosting.stop(child, 0.0, runs_too=True)  # promoted meanwhile
            changes.append(changed)
            return False
        if child is not None:
            await self._hosting.stop(child, 0.0, runs_too=True)
        if changed == "same":
            raise self._refuse(place, failure)
        if changed == "defs state" and changed in changes:
            await self._versions.accept_defs_state(recorded_stamp(place))
        else:
            await self._take_change(place, changed)
        changes.append(changed)
        return False

    async def _running(self, place: CodeLocation) -> Running:
        try:
            return await self._keeper.running(place)
        except Damaged as damaged:
            hint = f"`reef reload {place.name}` serves what lies on the disk"
            raise self._refuse(place, f"it is pinned, but {describe(damaged)}; {hint}") from None

    async def _changed(self, place: CodeLocation, running: Running) -> Change:
        """Of a pinned one only the environment counts: the rest is its copy."""
        stamp = recorded_stamp(place)
        if not running.copy:
            return await self._versions.change(place.spec, stamp)
        if await self._versions.environment_changed(running.spec, stamp.environment):
            return "environment"
        return "same"

    async def _start(self, running: Running, version: str) -> tuple[Child | None, str]:
        spec = child_spec(running.spec, self._around, "serve", version, running.copy)
        try:
            return await self._hosting.start(spec, self._around.load_timeout(running.spec).seconds), ""
        except StartFailed as failure:
            return None, failure.reason

    async def _take_change(self, place: CodeLocation, changed: Change) -> None:
        log.info("%s: %s changed, probing before it is served", place.name, changed)
        if changed == "environment" and self.environment_changed is not None:
            await self.environment_changed(place)
        deadline = time.monotonic() + SETTLE_S
        while isinstance(result := await self._prober.probe(place), Refused):
            if not await self._changes_again(place, deadline):
                raise self._refuse(place, f"its changed code does not load: {result.reason}")
        if changed == "environment":
            self.environment_probed()

    async def _changes_again(self, place: CodeLocation, deadline: float) -> bool:
        """A file may have been half-saved: give the editor a moment to finish before calling it broken."""
        if place.pinned is not None:
            return False
        stamp = (await self._versions.see(place.spec, None)).stamp
        while time.monotonic() < deadline:
            if await self._versions.change(place.spec, stamp) != "same":
                return True
            await asyncio.sleep(SETTLE_POLL_S)
        return False

    def _refuse(self, place: CodeLocation, reason: str) -> WakeRefused:
        version = place.served.version if place.served else None
        place.serving.note_failure(reason, version, time.monotonic())
        log.warning("%s: not woken: %s", place.name, headline(reason))
        return WakeRefused(f"code location {place.name!r} could not be started: {reason}")
