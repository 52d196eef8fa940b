"""A promotion is done when the webserver shows it: one that missed the new server id is told to load it.

Its first poll after it has loaded everything is silent, so what was promoted in between is never noticed by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Mapping
from typing import Protocol

from reef.background import Background
from reef.events import Event, Events, VersionServed
from reef.locations.place import CodeLocation
from reef.releasing.quiet import Quiet

log = logging.getLogger("reef.control")

BY_ITSELF_S = 5.0  # a poll a second, the lag of the server id, and the load
PAUSE_S = 2.0
TRIES = 90


class ShowingWebserver(Protocol):
    """A webserver, as `reef.beside.webserver` has it; failures are exceptions that the owner turns into text."""

    async def shown(self) -> dict[str, str]: ...

    async def reload_location(self, name: str) -> None: ...


class Showing:
    """Hears of promotions; a task of its own sees to them. `webserver` None: there is none to ask."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        webserver: ShowingWebserver | None,
        failures: tuple[type[Exception], ...],
        quiet: Quiet,
        background: Background,
        events: Events,
    ) -> None:
        self._places = places
        self._quiet = quiet
        self._background = background
        events.subscribe(self._hear)
        self._webserver = webserver
        self._failures = failures
        self._to_see: dict[str, float] = {}  # location -> when it was promoted or told (monotonic seconds)
        self._task: asyncio.Task[None] | None = None

    def _hear(self, event: Event) -> None:
        if not isinstance(event, VersionServed) or event.before is None:
            return
        if event.before.server_id != event.now.server_id:
            self._note(event.name)

    def _note(self, name: str) -> None:
        if self._webserver is None:
            return
        self._to_see[name] = time.monotonic()
        if self._task is None or self._task.done():
            self._task = self._background.spawn(self._see(self._webserver))

    async def _see(self, webserver: ShowingWebserver) -> None:
        for _ in range(TRIES):
            await asyncio.sleep(PAUSE_S)
            with contextlib.suppress(*self._failures):
                await self._look(webserver)
            if not self._to_see:
                return
        log.warning("the webserver does not show what is served of %s", ", ".join(sorted(self._to_see)))
        self._to_see.clear()

    async def _look(self, webserver: ShowingWebserver) -> None:
        before = time.monotonic() - BY_ITSELF_S
        looked_for = sorted(name for name, at in self._to_see.items() if at <= before)
        shown = await webserver.shown() if looked_for else {}
        for name in looked_for:
            if name not in shown:
                if self._is_gone(name):
                    self._to_see.pop(name, None)
                continue  # still loading, or known to it as one that does not load
            self._to_see.pop(name, None)
            if not self._is_shown(name, shown[name]):
                log.info("%s: the webserver missed its new version and is told to load it", name)
                with self._quiet.while_reloading():
                    await webserver.reload_location(name)
                self._to_see[name] = time.monotonic()

    def _is_gone(self, name: str) -> bool:
        place = self._places.get(name)
        return (
            place is None or place.wish.leaving or place.served is None or place.served.load_error is not None
        )

    def _is_shown(self, name: str, server_id: str) -> bool:
        place = self._places.get(name)
        return place is None or place.served is None or place.served.server_id == server_id
