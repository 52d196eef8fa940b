"""Sleep, drain, evict and limit: everything that ends a child which nobody needs, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import time

from reef.decide import rest
from reef.gateway import Gateway
from reef.hosting.contract import Child, Hosting
from reef.hosting.reasons import over_limit
from reef.locations.place import CodeLocation, endpoint_of
from reef.serving.runs import AskRuns, RunBook, current_runs
from reef.words import classed

log = logging.getLogger("reef.control")

STOP_GRACE_S = 3.0
DRAIN_POLL_S = 0.5


class Rester:
    def __init__(
        self, hosting: Hosting, gateway: Gateway, runs: RunBook, ask_runs: AskRuns = current_runs
    ) -> None:
        self._ask_runs = ask_runs
        self._hosting = hosting
        self._gateway = gateway
        self._runs = runs
        self._stopping: set[asyncio.Task[None]] = set()

    async def sleep(self, location: CodeLocation, why: str, *, force: bool = False) -> bool:
        """End the child of an idle location. False where it turned out not to be idle after all."""
        child = location.child
        if child is None:
            return True
        await self.refresh_runs(location)
        if location.child is not child:
            return False
        if not force and not rest.is_idle(location.view(self._gateway.in_flight(location.name))):
            return False
        location.child = None  # from here on a call wakes a new one
        log.info("%s: asleep (%s)", location.name, why)
        self._end(child, STOP_GRACE_S)
        return True

    async def refresh_runs(self, location: CodeLocation) -> None:
        """What the children themselves say they hold is the truth about live runs."""
        held: dict[str, int] = {}
        before = set(location.runs)
        for child in (location.child, *location.draining.values()):
            if child is None:
                continue
            answered = await self._ask_runs(endpoint_of(child).target)
            if answered is None:
                held.update({run: pid for run, pid in location.runs.items() if pid == child.pid})
            else:
                held.update(dict.fromkeys(answered, child.pid))
        held.update({run: pid for run, pid in location.runs.items() if run not in before})  # begun meanwhile
        for over in before - set(held):
            self._runs.forget(over)
        for run, pid in held.items():
            if self._runs.get(run) is None:  # it was started while no host looked
                await asyncio.to_thread(self._runs.note_started, run, location.name, pid)
        location.runs = held

    def drain(self, location: CodeLocation, why: str) -> None:
        """Take the child out of service; it ends when its calls and its runs are over."""
        child = location.child
        if child is None:
            return
        location.child = None
        location.draining[child.pid] = child
        log.info("%s: draining pid %d (%s)", location.name, child.pid, why)
        self.go_on_draining(location, child)

    def go_on_draining(self, location: CodeLocation, child: Child) -> None:
        self._keep(asyncio.create_task(self._drained(location, child)))

    async def _drained(self, location: CodeLocation, child: Child) -> None:
        target = endpoint_of(child).target
        while child.pid in location.draining:
            if not self._gateway.in_flight_to(target):
                await self.refresh_runs(location)
                if child.pid not in location.runs.values() and not self._gateway.in_flight_to(target):
                    break
            await asyncio.sleep(DRAIN_POLL_S)
        location.draining.pop(child.pid, None)
        await self._stopped(child, STOP_GRACE_S)

    async def enforce_limit(self, location: CodeLocation) -> None:
        """A server over its own limit is ended; one that holds runs is drained, which keeps them."""
        limit, used = location.spec.memory_limit_bytes or 0, location.private_bytes
        reason = over_limit(limit, used)
        log.warning("%s: ended, %s", location.name, reason)
        child = location.child
        if child is None:
            return
        location.note_failure(reason, time.monotonic())
        await self.refresh_runs(location)
        if child.pid in location.runs.values():
            self.drain(location, reason)
        else:
            location.child = None
            self._end(child, 0.5)

    def _end(self, child: Child, grace_s: float) -> None:
        """For one that holds no runs: what else its code has started would be left over at each sleep."""
        self._keep(asyncio.create_task(self._stopped(child, grace_s)))

    async def _stopped(self, child: Child, grace_s: float) -> None:
        await self._hosting.stop(child, grace_s, runs_too=True)
        self._gateway.ended(endpoint_of(child).target)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._stopping.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._stopping.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("ending a child failed: %s", classed(error))
