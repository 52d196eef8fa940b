"""Sleep, drain, evict and limit: everything that ends a child which nobody needs, and nothing else."""

from __future__ import annotations

import asyncio
import logging
import time

from reef.background import Background
from reef.decide import rest
from reef.events import Drained, Draining, Events, OverLimit, Slept
from reef.gateway.contract import Traffic
from reef.hosting.contract import Child, Hosting
from reef.hosting.reasons import over_limit
from reef.locations.place import CodeLocation
from reef.locations.serving import endpoint_of
from reef.serving.runs import AskRuns, RunBook, current_runs

log = logging.getLogger("reef.control")

STOP_GRACE_S = 3.0
DRAIN_POLL_S = 0.5


class Rester:
    """Ends children."""

    def __init__(
        self,
        hosting: Hosting,
        traffic: Traffic,
        runs: RunBook,
        events: Events,
        ask_runs: AskRuns = current_runs,
    ) -> None:
        self._ask_runs = ask_runs
        self._hosting = hosting
        self._traffic = traffic
        self._runs = runs
        self._events = events
        self._background = Background(log, "ending a child")

    async def sleep(self, place: CodeLocation, why: str, *, force: bool = False) -> bool:
        """End the child of an idle location. False where it turned out not to be idle after all."""
        child = place.child
        if child is None:
            return True
        await self.refresh_runs(place)
        if place.child is not child:
            return False
        if not force and not rest.is_idle(place.view(self._traffic.in_flight(place.name))):
            return False
        place.serving.take_out()
        self._events.emit(Slept(place.name, child, why))
        self._end(child, STOP_GRACE_S)
        return True

    async def refresh_runs(self, place: CodeLocation) -> None:
        """What the children themselves say they hold is the truth about live runs."""
        held: dict[str, str] = {}
        children = {child.id: child for child in place.serving.children()}
        before = set(place.serving.runs)
        for child in children.values():
            answered = await self._ask_runs(endpoint_of(child).target)
            if answered is None:
                held.update({run: one for run, one in place.serving.runs.items() if one == child.id})
            else:
                held.update(dict.fromkeys(answered, child.id))
        begun_meanwhile = {run: one for run, one in place.serving.runs.items() if run not in before}
        held.update(begun_meanwhile)
        place.serving.hold_runs(held)  # before any wait: a run that begins meanwhile is not in `held`
        for over in before - set(held):
            await self._runs.forget(over)
        children.update({child.id: child for child in place.serving.children()})
        for run, one in held.items():
            # It may have been started while no host looked.
            if self._runs.get(run) is None and one in children:
                await asyncio.to_thread(self._runs.note_started, run, place.name, children[one].pid)

    def drain(self, place: CodeLocation, why: str, *, again: bool = False) -> None:
        """Take the child out of service; it ends when its calls and its runs are over. `again`: start another."""
        child = place.serving.begin_draining()
        if child is None:
            return
        self._events.emit(Draining(place.name, child, why, again))
        self.go_on_draining(place, child)

    def take_over(self, place: CodeLocation, *, other: bool) -> None:
        """A version was promoted, and may start at once; `other`: its server id is not what was served before."""
        place.serving.forgive()
        if other and place.external is None:
            self.drain(place, "a new version was promoted", again=rest.starts_again(place.costs()))

    def go_on_draining(self, place: CodeLocation, child: Child) -> None:
        self._background.spawn(self._drained(place, child))

    async def _drained(self, place: CodeLocation, child: Child) -> None:
        while child.id in place.serving.draining:
            if not self._traffic.in_flight_to(child.id):
                await self.refresh_runs(place)
                if child.id not in place.serving.runs.values() and not self._traffic.in_flight_to(child.id):
                    break
            await asyncio.sleep(DRAIN_POLL_S)
        place.serving.note_drained(child)
        self._events.emit(Drained(place.name, child))
        await self._stopped(child, STOP_GRACE_S)

    async def enforce_limit(self, place: CodeLocation) -> None:
        """A server over its own limit is ended; one that holds runs is drained, which keeps them."""
        limit, used = place.spec.memory_limit_bytes or 0, place.serving.private_bytes
        reason = over_limit(limit, used)
        child = place.child
        if child is None:
            return
        self._events.emit(OverLimit(place.name, child, reason))
        place.serving.note_failure(reason, place.served.version if place.served else None, time.monotonic())
        await self.refresh_runs(place)
        if child.id in place.serving.runs.values():
            self.drain(place, reason)
        else:
            if place.child is child:
                place.serving.take_out()
            self._end(child, 0.5)

    def _end(self, child: Child, grace_s: float) -> None:
        """For one that holds no runs: what else its code has started would be left over at each sleep."""
        self._background.spawn(self._stopped(child, grace_s))

    async def _stopped(self, child: Child, grace_s: float) -> None:
        await self._hosting.stop(child, grace_s, runs_too=True)
        self._traffic.ended(child.id)

    async def close(self) -> None:
        """Children that drain or are being ended are left to whoever closes the hosting."""
        await self._background.close()
