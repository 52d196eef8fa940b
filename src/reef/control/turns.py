"""Bounded work in which one that takes long does not keep the others waiting."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """At most `at_once` at a time; a piece of work that is not done after `patience_s` goes on, but no longer
    counts. So a location that hangs while it loads takes nobody's turn."""

    def __init__(self, at_once: int, patience_s: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._patience_s = patience_s

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        await self._free.acquire()
        given_back = False

        def give_back() -> None:
            nonlocal given_back
            if not given_back:
                given_back = True
                self._free.release()

        timer = asyncio.get_running_loop().call_later(self._patience_s, give_back)
        try:
            yield
        finally:
            timer.cancel()
            give_back()
