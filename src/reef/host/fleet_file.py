"""The fleet's file while the host runs: read again when it was edited, and never believed half-written."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable

from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.host.fleet_now import FleetNow
from reef.words import classed, describe

log = logging.getLogger("reef")

POLL_S = 1.0
Signs = tuple[tuple[str, int, int, int], ...]


class FleetFile:
    """Calls `changed(fleet)` for each new content that can be read. `error` says why the newest cannot."""

    def __init__(
        self,
        now: FleetNow,
        changed: Callable[[Fleet], Awaitable[None]],
        is_busy: Callable[[], bool],
        say: Callable[[str], None],
    ) -> None:
        self.error: str | None = None
        self._now = now
        self._files = now.fleet.files
        # What is written while the host starts is taken as soon as it has started.
        self._known = signs(self._files)
        self._changed = changed
        self._is_busy = is_busy
        self._say = say

    async def watch(self) -> None:
        """Ends only when it is cancelled."""
        known = before = self._known
        while True:
            await asyncio.sleep(POLL_S)
            now = await asyncio.to_thread(signs, self._files)
            settled, before = now == before, now
            if settled and now != known and not self._is_busy():
                known = now
                await self._take_new()

    async def take(self, fleet: Fleet) -> None:
        """Make what somebody has read of it the fleet that is served. Raises ReefError."""
        self._files = fleet.files
        await self._changed(fleet)
        self._now.use(fleet)

    async def read_again(self) -> None:
        """Something that it names was changed: not in a second, now."""
        if not self._is_busy():
            await self._take_new()

    async def _take_new(self) -> None:
        try:
            await self.take(await asyncio.to_thread(self._now.read))
            if self.error is not None:
                self._say("the fleet's file can be read again")
            self.error = None
        except ReefError as error:
            self.error = describe(error)
            self._say(f"the fleet stays as it was: {describe(error)}")
        except Exception as error:
            self.error = classed(error)
            log.exception("the fleet's file could not be taken over")


def signs(files: tuple[str, ...]) -> Signs:
    """What tells that one of the files was written or replaced, also behind a symbolic link. Blocking."""
    return tuple(_sign(path) for path in files)


def _sign(path: str) -> tuple[str, int, int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return path, 0, 0, 0
    return path, found.st_ino, found.st_size, found.st_mtime_ns
