"""Bounded work in which one that takes long does not keep the others waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

IsUrgent = Callable[[], bool]


class Turns:
    """At most `at_once` at a time; a piece of work that is not done after `patience_s` goes on, but no longer
    counts. So a location that hangs while it loads takes nobody's turn. Work that is `urgent` when a turn becomes
    free goes before what has waited longer."""

    def __init__(self, at_once: int, patience_s: float) -> None:
        self._free = at_once
        self._waiting: dict[asyncio.Future[None], IsUrgent] = {}
        self._patience_s = patience_s

    @asynccontextmanager
    async def turn(self, urgent: IsUrgent = lambda: False) -> AsyncIterator[None]:
        await self._take(urgent)
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._give_back()

        timer = asyncio.get_running_loop().call_later(self._patience_s, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()

    async def _take(self, urgent: IsUrgent) -> None:
        if self._free > 0:
            self._free -= 1
            return
        mine = asyncio.get_running_loop().create_future()
        self._waiting[mine] = urgent
        try:
            await mine
        except asyncio.CancelledError:
            self._waiting.pop(mine, None)
            if not mine.cancelled():  # it had just been given the turn
                self._give_back()
            raise

    def _give_back(self) -> None:
        if not self._waiting:
            self._free += 1
            return
        first = next((one for one, urgent in self._waiting.items() if urgent()), next(iter(self._waiting)))
        del self._waiting[first]
        if first.cancelled():
            self._give_back()
        else:
            first.set_result(None)
