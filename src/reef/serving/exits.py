"""Children that end, and the runs that outlive them."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from reef.background import Background
from reef.events import Ending, Events, Exited
from reef.hosting.contract import Child, Exit
from reef.hosting.reasons import ending
from reef.locations.place import CodeLocation
from reef.procfs import parent_of
from reef.serving.runs import RunBook, RunProcess

OnOrphansOver = Callable[[list[RunProcess]], Coroutine[Any, Any, None]]


class Exits:
    """`on_orphans_over` tells Dagster of runs whose server and process are gone, if they did not tell themselves."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        runs: RunBook,
        background: Background,
        events: Events,
        on_orphans_over: OnOrphansOver,
    ) -> None:
        self._places = places
        self._runs = runs
        self._background = background
        self._events = events
        self._on_orphans_over = on_orphans_over

    def on_ending(self, child: Child) -> None:
        self._events.emit(Ending(child.location, child))

    def on_exit(self, exit: Exit) -> None:
        place = self._places.get(exit.child.location)
        if place is None:
            return
        mine = place.serving.note_exit(exit.child)
        reason = None
        if not exit.expected and exit.child.purpose == "serve":
            reason = f"its server {ending(exit.status)}, nobody at Reef asked for it"
            now = time.monotonic()
            place.serving.note_crash(reason, exit.child.version, now)
            if mine:
                place.serving.note_failure(reason, place.served.version if place.served else None, now)
        self._events.emit(Exited(place.name, exit.child, exit.status, reason))
        for run in self._runs.all():
            if place.serving.runs.get(run.run_id) == exit.child.id:
                place.serving.lose_run(run.run_id)
                self.watch_orphan(run)

    def watch_orphan(self, run: RunProcess) -> None:
        """A run whose server is gone goes on."""
        self._background.spawn(self._orphan(run))

    async def _orphan(self, run: RunProcess) -> None:
        await run.over()
        await self._runs.forget(run.run_id)
        await self._on_orphans_over([run])

    def take_up_run(self, run: RunProcess) -> None:
        """A run that an earlier host knew: below a child that was taken up, or an orphan."""
        place = self._places.get(run.location)
        for child in place.serving.children() if place is not None else ():
            if place is not None and run.is_alive() and parent_of(run.pid) == child.pid:
                place.serving.note_run(run.run_id, child.id)
                return
        self.watch_orphan(run)
