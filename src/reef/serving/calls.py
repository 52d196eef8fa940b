"""What calls and events tell of the servers of locations."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from reef.background import Background
from reef.events import Event, Events, Reached, Unreachable, VersionServed
from reef.gateway.contract import CallEnded, CallStarted
from reef.locations.place import CodeLocation
from reef.serving.runs import RunBook


class Calls:
    """Hears the gateway's calls and the host's events."""

    def __init__(
        self, places: Mapping[str, CodeLocation], runs: RunBook, background: Background, events: Events
    ) -> None:
        self._places = places
        self._runs = runs
        self._background = background
        events.subscribe(self._hear)

    def observe(self, event: CallStarted | CallEnded) -> None:
        place = self._places.get(event.location)
        if place is None or event.lane != "forwarded":
            return
        now = time.monotonic()
        if isinstance(event, CallStarted):
            place.serving.note_use(now)
            return
        place.serving.note_call(event, now)
        if event.run_id and event.code == "OK" and not event.error and event.server:
            self._note_run(place, event.run_id, event.server)

    def _note_run(self, place: CodeLocation, run_id: str, server: str) -> None:
        """By now its server may be draining, and another be serving. Somebody else's server looks after its own."""
        if place.external is not None:
            return
        place.serving.note_run(run_id, server)
        pid = next((child.pid for child in place.serving.children() if child.id == server), None)
        if pid is not None:
            self._background.spawn(asyncio.to_thread(self._runs.note_started, run_id, place.name, pid))

    def _hear(self, event: Event) -> None:
        match event:
            case VersionServed(location, before, now) if before is None or before.version != now.version:
                self._note_error(location, None)  # the last one was of other code
            case Unreachable(location, reason):
                self._note_error(location, reason)
            case Reached(location):
                self._note_error(location, None)

    def _note_error(self, name: str, text: str | None) -> None:
        if (place := self._places.get(name)) is not None:
            place.serving.note_error(text)
