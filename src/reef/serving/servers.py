"""What the gateway asks about the servers of locations, and what a person asks with `reef wake`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from reef.background import Background
from reef.decide.wake import Hold, RefuseCall, on_call
from reef.events import ConnectionRefused, Draining, Event, Events
from reef.gateway.contract import Endpoint, WakeRefused
from reef.hosting.contract import Hosting
from reef.locations.place import CodeLocation
from reef.locations.serving import endpoint_of
from reef.serving.resting import Rester
from reef.serving.runs import RunBook, RunProcess
from reef.serving.waking import Waker


class LocalServers:
    """Implements `gateway.contract.Servers`. All methods on the event loop; none blocks it."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        hosting: Hosting,
        waker: Waker,
        rester: Rester,
        runs: RunBook,
        background: Background,
        events: Events,
    ) -> None:
        self._places = places
        self._hosting = hosting
        self._waker = waker
        self._rester = rester
        self._runs = runs
        self._background = background
        self._events = events
        events.subscribe(self._start_again)

    def endpoint_now(self, name: str) -> Endpoint | None:
        return self._places[name].endpoint

    async def endpoint(self, name: str) -> Endpoint:
        place = self._places[name]
        place.serving.note_waiting()
        try:
            while (endpoint := place.endpoint) is None:
                await self._awake(place)
            return endpoint
        finally:
            place.serving.note_answered(time.monotonic())

    async def _awake(self, place: CodeLocation) -> None:
        wake = place.serving.wake
        if wake is None or wake.done():
            answer = on_call(place.view(0), time.monotonic())
            if isinstance(answer, RefuseCall):
                raise WakeRefused(answer.reason)
            if isinstance(answer, Hold):
                await asyncio.sleep(answer.seconds)
                return
            wake = self._background.spawn(self._waker.wake(place))
            place.serving.begin_wake(wake)
        await asyncio.shield(wake)

    async def wake_up(self, place: CodeLocation) -> str | None:
        """`reef wake`: what a call would do; the reason where it cannot be done."""
        try:
            await self.endpoint(place.name)
        except WakeRefused as refused:
            return refused.reason
        return None

    def _start_again(self, event: Event) -> None:
        if isinstance(event, Draining) and event.again and event.name in self._places:
            self._background.spawn(self.wake_up(self._places[event.name]))

    def endpoint_failed(self, name: str, endpoint: Endpoint, reason: str) -> None:
        place = self._places[name]
        child = place.child
        if child is not None and endpoint_of(child) == endpoint:
            self._events.emit(ConnectionRefused(name, child, reason))
            place.serving.take_out()
            self._background.spawn(self._hosting.stop(child, 0.5))

    def shutdown_wish(self, name: str) -> None:
        place = self._places[name]
        if place.child is not None:
            self._background.spawn(self._rester.sleep(place, "a client asked for its shutdown"))

    # -- runs --------------------------------------------------------------------------------------

    async def run_endpoints(self, name: str) -> tuple[Endpoint, ...]:
        place = self._places[name]
        if place.external is not None:
            return (place.external,)
        return tuple(endpoint_of(child) for child in place.serving.children())

    async def cancel_orphan(self, name: str, run_id: str) -> bool:
        return self._orphan(name, run_id) is not None and self._runs.interrupt(run_id)

    async def can_cancel_orphan(self, name: str, run_id: str) -> bool:
        run = self._orphan(name, run_id)
        return run is not None and run.is_alive()

    def _orphan(self, name: str, run_id: str) -> RunProcess | None:
        run = self._runs.get(run_id)
        return run if run is not None and run.location == name else None
