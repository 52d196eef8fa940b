"""Wake: from a held call to a child that answers, with the version that is released."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from reef.events import Events, WakeFailed, Woken
from reef.fleet.model import Location
from reef.gateway.contract import WakeRefused
from reef.hosting.contract import Child, ChildSpec, Hosting, Purpose, StartFailed
from reef.locations.place import CodeLocation
from reef.locations.specs import Surroundings, child_spec
from reef.procfs import cpu_seconds
from reef.serving.contract import NotReleased, Releases, Startable
from reef.turns import Turns

MOST_TRIES = 4
PATIENCE_S = 5.0  # a wake that takes longer no longer counts among the simultaneous ones

MakeSpec = Callable[[Location, Surroundings, Purpose, str, str], ChildSpec]
"""As `locations.specs.child_spec`."""
CpuSeconds = Callable[[Child], Awaitable[float | None]]
"""Processor time that a child has used so far; None where it is not known."""


class Waker:
    """Starts children for locations. One wake at a time for each location, `at_once` for the whole host."""

    def __init__(
        self,
        around: Surroundings,
        hosting: Hosting,
        releases: Releases,
        events: Events,
        at_once: int,
        *,
        make_spec: MakeSpec = child_spec,
        cpu_s: CpuSeconds | None = None,
    ) -> None:
        self._around = around
        self._hosting = hosting
        self._releases = releases
        self._events = events
        self._make_spec = make_spec
        self._cpu_s = cpu_s or _cpu_seconds
        self._turns = Turns(at_once, PATIENCE_S)

    async def wake(self, place: CodeLocation) -> None:
        """Afterwards `place.child` is set. Raises WakeRefused with the reason for people."""
        await self._releases.renew(place)
        async with self._turns.turn():
            try:
                await self._woken(place)
            except NotReleased as nothing:
                if nothing.known:
                    raise WakeRefused(f"code location {place.name!r} {nothing.reason}") from None
                raise self._refuse(place, nothing.reason) from None

    async def _woken(self, place: CodeLocation) -> None:
        await self._releases.ready(place)
        changes: list[str] = []
        for _ in range(MOST_TRIES):
            if (changed := await self._attempt(place)) is None:
                return
            if changed:
                await self._releases.take_change(place, changed, changes)
            changes.append(changed)
        raise NotReleased("its code kept changing while it was started")

    async def _attempt(self, place: CodeLocation) -> str | None:
        """Start a child and see that it holds what is released; None where it does, else what changed meanwhile
        ("": another version was released)."""
        assert place.served is not None
        version = place.served.version
        began = time.monotonic()
        running = await self._releases.running(place)
        place.serving.note_load(began)
        child, failure = await self._start(running, version)
        cpu_s = await self._cpu_s(child) if child is not None else None
        changed = await self._releases.changed(place, running)
        if changed is None and child is not None and place.served.version == version:
            seconds = time.monotonic() - began
            place.serving.note_awake(child, seconds, cpu_s, bool(running.copy))
            self._events.emit(Woken(place.name, child, seconds, bool(running.copy)))
            return None
        if child is not None:
            await self._hosting.stop(child, 0.0, runs_too=True)
        if changed is None and child is None:
            raise NotReleased(failure)
        return changed or ""

    async def _start(self, running: Startable, version: str) -> tuple[Child | None, str]:
        spec = self._make_spec(running.spec, self._around, "serve", version, running.copy)
        try:
            return await self._hosting.start(spec, self._around.load_timeout(running.spec).seconds), ""
        except StartFailed as failure:
            return None, failure.reason

    def _refuse(self, place: CodeLocation, reason: str) -> WakeRefused:
        version = place.served.version if place.served else None
        place.serving.note_failure(reason, version, time.monotonic())
        self._events.emit(WakeFailed(place.name, reason))
        return WakeRefused(f"code location {place.name!r} could not be started: {reason}")


async def _cpu_seconds(child: Child) -> float | None:
    return cpu_seconds(child.pid)
