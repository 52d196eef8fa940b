"""The loop of who serves: observe, decide, apply. Once a second."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Any

from reef.background import Background
from reef.decide import rest
from reef.gateway.contract import Traffic
from reef.hosting.contract import Hosting
from reef.locations.place import CodeLocation
from reef.serving.budget import Budget
from reef.serving.resting import Rester
from reef.serving.servers import LocalServers

log = logging.getLogger("reef.control")

TICK_S = 1.0
MOST_SAMPLES = 16  # a turn: each is some milliseconds of walking page tables
RUNS_EVERY_S = 5.0
FOR_THE_BUDGET = "the fleet's memory budget"


class ServingLoop:
    """Memory limits, the fleet's budget, sleep of who is idle, wake of who always stands."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        hosting: Hosting,
        traffic: Traffic,
        rester: Rester,
        servers: LocalServers,
        budget: Budget,
        background: Background,
    ) -> None:
        self._places = places
        self._hosting = hosting
        self._traffic = traffic
        self._rester = rester
        self._servers = servers
        self._budget = budget
        self._background = background
        self._runs_at = 0.0
        self._sleeping: dict[str, asyncio.Task[Any]] = {}
        self._keeping_up: dict[str, asyncio.Task[Any]] = {}

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self._keep_up()
                await self._tick(time.monotonic())
            except Exception:
                log.exception("a turn of the control loop failed; the next one goes on")

    def _keep_up(self) -> None:
        """A standing location has its server whether somebody calls or not."""
        for place in self._places.values():
            now = place.serving
            missing = now.stays_up and now.endpoint is None and now.waiting == 0
            if missing and self._is_over(self._keeping_up, place.name):
                self._keeping_up[place.name] = self._background.spawn(self._servers.wake_up(place))

    def _is_over(self, tasks: Mapping[str, asyncio.Task[Any]], name: str) -> bool:
        before = tasks.get(name)
        return before is None or before.done()

    async def _tick(self, now: float) -> None:
        await self._sample()
        if now - self._runs_at >= RUNS_EVERY_S:
            self._runs_at = now
            for place in list(self._places.values()):
                if place.serving.runs:
                    await self._rester.refresh_runs(place)
        views = [place.view(self._traffic.in_flight(name)) for name, place in self._places.items()]
        for view in views:
            if rest.over_limit(view):
                await self._rester.enforce_limit(self._places[view.name])
        evicted = rest.evictions(views, self._budget.bytes)
        for view in views:
            if view.name in evicted:
                self._sleep(view.name, FOR_THE_BUDGET)
            elif rest.should_sleep(view, now):
                self._sleep(view.name, f"idle for {now - view.idle_since:.0f} s")

    def _sleep(self, name: str, why: str) -> None:
        place = self._places.get(name)
        if place is not None and self._is_over(self._sleeping, name):
            self._sleeping[name] = self._background.spawn(self._rester.sleep(place, why))

    async def _sample(self) -> None:
        """Those whose last sample is oldest; the newly woken are first."""
        warm = [place for place in self._places.values() if place.child is not None]
        for place in sorted(warm, key=lambda place: place.serving.sampled_at)[:MOST_SAMPLES]:
            if (child := place.child) is None:
                continue
            sample = await self._hosting.memory(child)
            place.serving.note_sampled(time.monotonic())
            if sample is not None and place.child is child:
                place.serving.note_sample(sample.private, sample.pss, sample.rss, sample.peak)
