"""The control loop of one host: observe, decide, apply. The gateway asks it where calls go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

from reef.background import Background
from reef.decide import rest
from reef.decide.wake import Hold, Refuse, on_call
from reef.gateway import Gateway
from reef.gateway.contract import CallEnded, CallStarted, Endpoint, WakeRefused
from reef.hosting.contract import Exit, Hosting
from reef.hosting.reasons import ending
from reef.locations.place import CodeLocation
from reef.locations.serving import endpoint_of
from reef.procfs import parent_of
from reef.records.kept import KeptVersion
from reef.records.served import Promoted, Refused
from reef.releasing.pins import ON_DEPLOY, Pins
from reef.releasing.probing import Gate, Prober
from reef.releasing.reloading import Reloader
from reef.serving.resting import Rester
from reef.serving.runs import RunBook, RunProcess
from reef.serving.waking import Waker

log = logging.getLogger("reef.control")

TICK_S = 1.0
MOST_SAMPLES = 16  # a turn: each is some milliseconds of walking page tables
RUNS_EVERY_S = 5.0


class ControlLoop:
    """Implements `gateway.contract.Control`. All methods on the event loop; none blocks it."""

    def __init__(
        self,
        locations: Iterable[CodeLocation],
        hosting: Hosting,
        gateway: Callable[[], Gateway],
        runs: RunBook,
        on_orphans_over: Callable[[list[RunProcess]], Coroutine[Any, Any, None]],
        memory_budget_bytes: int | None,
    ) -> None:
        self.locations = {location.name: location for location in locations}
        self._hosting = hosting
        self._gateway = gateway
        self.runs = runs
        self._on_orphans_over = on_orphans_over
        self._budget = memory_budget_bytes
        self._background = Background(log, "background work", expected=(WakeRefused,))
        self._runs_at = 0.0
        self._sleeping: dict[str, asyncio.Task[Any]] = {}
        self.prober: Prober
        self.reloads_are_quiet = 0  # above 0 while Reef itself makes the webserver reload its workspace
        self.stands_for: dict[str, str] = {}  # entry that only shows an error -> the location that it is of
        self.waker: Waker
        self.reloader: Reloader
        self.rester: Rester
        self.pins: Pins
        self.pin_always = False  # promote: on_deploy

    def use_budget(self, budget_bytes: int | None) -> None:
        """The most memory of all children together; None: no bound."""
        self._budget = budget_bytes

    @contextlib.contextmanager
    def quietly(self) -> Iterator[None]:
        """Meanwhile ReloadCode of an unchanged location comes from us: nothing is to be loaded for it."""
        self.reloads_are_quiet += 1
        try:
            yield
        finally:
            self.reloads_are_quiet -= 1

    # -- what the gateway asks ---------------------------------------------------------------------

    def _place(self, location: str) -> CodeLocation:
        """What the gateway calls so: a location, or an entry that shows the error of one."""
        return self.locations[self.stands_for.get(location, location)]

    def endpoint_now(self, location: str) -> Endpoint | None:
        return self._place(location).endpoint

    async def endpoint(self, location: str) -> Endpoint:
        place = self._place(location)
        place.serving.note_waiting()
        try:
            while (endpoint := place.endpoint) is None:
                await self._awake(place)
            return endpoint
        finally:
            place.serving.note_answered(time.monotonic())

    async def _awake(self, place: CodeLocation) -> None:
        if not place.serving.is_waking:
            answer = on_call(place.view(0), time.monotonic())
            if isinstance(answer, Refuse):
                raise WakeRefused(answer.reason)
            if isinstance(answer, Hold):
                await asyncio.sleep(answer.seconds)
                return
            place.serving.begin_wake(self._spawn(self.waker.wake(place)))
        assert place.serving.wake is not None
        await asyncio.shield(place.serving.wake)

    def endpoint_failed(self, location: str, endpoint: Endpoint, reason: str) -> None:
        place = self._place(location)
        child = place.child
        if child is not None and endpoint_of(child) == endpoint:
            log.warning("%s: its server does not take connections (%s), ending it", location, reason)
            place.serving.take_out()
            self._spawn(self._hosting.stop(child, 0.5))

    def run_endpoints(self, location: str) -> tuple[Endpoint, ...]:
        place = self._place(location)
        if place.external is not None:
            return (place.external,)
        return tuple(endpoint_of(child) for child in place.serving.children())

    def cancel_orphan(self, location: str, run_id: str) -> bool:
        run = self.runs.get(run_id)
        return self._is_of(run, location) and self.runs.interrupt(run_id)

    def can_cancel_orphan(self, location: str, run_id: str) -> bool:
        run = self.runs.get(run_id)
        return run is not None and self._is_of(run, location) and run.is_alive()

    def _is_of(self, run: RunProcess | None, location: str) -> bool:
        return run is not None and run.location == self._place(location).name

    async def reload(self, location: str, *, by_name: bool = False) -> None:
        """A person pressed Reload, or reloadWorkspace asks everybody. `by_name`: `reef reload`, in any case."""
        place = self._place(location)
        if place.external is None:
            await self.reloader.reload(place, by_name=by_name)

    async def reprobe(self, location: str) -> str:
        return await self.reloader.reprobe(self._place(location))

    async def wake_up(self, place: CodeLocation) -> str | None:
        """`reef wake`: what a call would do; the reason where it cannot be done."""
        try:
            await self.endpoint(place.name)
        except WakeRefused as refused:
            return refused.reason
        return None

    def shutdown_wish(self, location: str) -> None:
        place = self._place(location)
        if place.child is not None:
            self._spawn(self.rester.sleep(place, "a client asked for its shutdown"))

    # -- what happens ------------------------------------------------------------------------------

    def observe(self, event: CallStarted | CallEnded) -> None:
        place = self.locations.get(self.stands_for.get(event.location, event.location))
        if place is None or event.lane != "forwarded":
            return
        now = time.monotonic()
        if isinstance(event, CallStarted):
            place.serving.note_use(now)
            return
        place.serving.note_call(event, now)
        if event.run_id and event.code == "OK" and not event.error and event.child:
            place.serving.note_run(event.run_id, event.child)
            found = next((child for child in place.serving.children() if child.id == event.child), None)
            if found is not None:
                self._spawn(self._note_run(place, event.run_id, found.pid))

    async def _note_run(self, place: CodeLocation, run_id: str, child_pid: int) -> None:
        await asyncio.to_thread(self.runs.note_started, run_id, place.name, child_pid)

    def on_exit(self, exit: Exit) -> None:
        place = self.locations.get(exit.child.location)
        if place is None:
            return
        mine = place.serving.note_exit(exit.child)
        if not exit.expected and exit.child.purpose == "serve":
            reason = f"its server {ending(exit.status)}, nobody at Reef asked for it"
            log.warning("%s: %s", place.name, reason)
            now = time.monotonic()
            place.serving.note_crash(reason, exit.child.version, now)
            if mine:
                place.serving.note_failure(reason, place.served.version if place.served else None, now)
        left = [run for run in self.runs.all() if place.serving.runs.get(run.run_id) == exit.child.id]
        for run in left:
            place.serving.lose_run(run.run_id)
            self.watch_orphan(run)

    def watch_orphan(self, run: RunProcess) -> None:
        """A run whose server is gone: it goes on; when it has ended, Dagster is told if it did not tell itself."""
        self._spawn(self._orphan(run))

    async def _orphan(self, run: RunProcess) -> None:
        await run.over()
        await self.runs.forget(run.run_id)
        await self._on_orphans_over([run])

    def take_up_run(self, run: RunProcess) -> None:
        """A run that an earlier host knew: below a child that was taken up, or an orphan."""
        place = self.locations.get(run.location)
        for child in place.serving.children() if place is not None else ():
            if place is not None and run.is_alive() and parent_of(run.pid) == child.pid:
                place.serving.note_run(run.run_id, child.id)
                return
        self.watch_orphan(run)

    async def keep_up(self, place: CodeLocation) -> None:
        """A standing location has its server whether somebody calls or not. Ends only when it is cancelled."""
        while True:
            if place.endpoint is None and place.serving.waiting == 0:
                with contextlib.suppress(WakeRefused):
                    await self.endpoint(place.name)
            await asyncio.sleep(TICK_S)

    # -- probes ------------------------------------------------------------------------------------

    async def probe(
        self, place: CodeLocation, *, show_error: bool = False, gate: Gate | None = None
    ) -> Promoted | Refused:
        """Probe, and drain the child of the version before if there is one."""
        before = place.served.server_id if place.served else None
        result = await self.prober.probe(place, show_error=show_error, gate=gate)
        self._take_over(place, before, result)
        if self.pin_always and isinstance(result, Promoted) and result.record.pinned is None:
            self._spawn(self.pins.pin(place, ON_DEPLOY))
        return result

    async def probe_kept(
        self, place: CodeLocation, kept: KeptVersion | None, pinned: str
    ) -> Promoted | Refused:
        """The same with a kept version instead of what lies on the disk; it is pinned afterwards."""
        before = place.served.server_id if place.served else None
        result = await self.prober.probe_kept(place, kept, pinned)
        self._take_over(place, before, result)
        return result

    def _take_over(self, place: CodeLocation, before: str | None, result: Promoted | Refused) -> None:
        if isinstance(result, Promoted):
            place.serving.forgive()
            child = place.child
            if child is not None and result.record.server_id != before and place.external is None:
                self.rester.drain(place, "a new version was promoted")
                if rest.starts_again(place.costs()):
                    self._spawn(self.wake_up(place))

    def on_missing(self, location: str, digest: str) -> None:
        """A snapshot that is served turned out to be gone or damaged: calls are forwarded until it is recorded."""
        log.warning("%s: snapshot %s is gone, recording it again", location, digest[:12])
        self._spawn(self.probe(self._place(location)))

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                await self._tick(time.monotonic())
            except Exception:
                log.exception("a turn of the control loop failed; the next one goes on")

    async def _tick(self, now: float) -> None:
        await self._sample()
        if now - self._runs_at >= RUNS_EVERY_S:
            self._runs_at = now
            for place in self.locations.values():
                if place.serving.runs:
                    await self.rester.refresh_runs(place)
        views = [place.view(self._gateway().in_flight(name)) for name, place in self.locations.items()]
        for view in views:
            if rest.over_limit(view):
                await self.rester.enforce_limit(self.locations[view.name])
        evicted = rest.evictions(views, self._budget)
        for view in views:
            if view.name in evicted:
                self._sleep(view.name, "the fleet's memory budget")
            elif rest.should_sleep(view, now):
                self._sleep(view.name, f"idle for {now - view.idle_since:.0f} s")

    def _sleep(self, name: str, why: str) -> None:
        place = self.locations[name]
        before = self._sleeping.get(name)
        if before is None or before.done():
            self._sleeping[name] = self._spawn(self.rester.sleep(place, why))

    async def _sample(self) -> None:
        """Those whose last sample is oldest; the newly woken are first."""
        warm = [place for place in self.locations.values() if place.child is not None]
        for place in sorted(warm, key=lambda place: place.serving.sampled_at)[:MOST_SAMPLES]:
            if (child := place.child) is None:
                continue
            sample = await self._hosting.memory(child)
            place.serving.note_sampled(time.monotonic())
            if sample is not None and place.child is child:
                place.serving.note_sample(sample.private, sample.pss)

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Background work that ends with the loop; its failure is logged."""
        return self._spawn(work)

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        return self._background.spawn(work)

    async def close(self) -> None:
        await self._background.close()
