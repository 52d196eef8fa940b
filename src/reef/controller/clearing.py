"""Location snapshots that nobody needs any more: when they are looked for."""

from __future__ import annotations

import logging

from reef.controller.library import Library
from reef.controller.tasks import Tasks

log = logging.getLogger("reef.controller")

FIRST_S = 60.0
# Longer than the database spares a snapshot that no book names yet: what a look found too fresh, the next one does not.
EVERY_S = 900.0


class Clearing:
    """`look` is called at every look of the leader. Where nothing was promoted, tried or deleted since the last time,
    it asks the database nothing."""

    def __init__(self, library: Library, tasks: Tasks) -> None:
        self._library = library
        self._tasks = tasks
        self._next: float | None = None
        self._done: tuple[frozenset[str], ...] = ()
        self.busy = False

    def look(self, now: float) -> None:
        if self._next is None:
            self._next = now + FIRST_S
        if now >= self._next:
            self._next = now + EVERY_S
            needed = self._library.needed()
            if self._done != (needed, needed):  # once more after the last change, for what was fresh then
                self.busy = True
                self._tasks.begin("removing location snapshots that nobody needs", self._clear, quiet=True)

    async def _clear(self) -> None:
        needed = self._library.needed()
        try:
            await self._library.clear()
        finally:
            self.busy = False
        self._done = (*self._done[-1:], needed)
