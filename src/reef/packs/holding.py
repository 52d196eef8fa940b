"""Locations whose new calls wait while their container is replaced."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

HOLD_S = 180.0  # whoever held it may be gone


class Holds:
    """`on_end(name)` is told when calls go on."""

    def __init__(self, on_end: Callable[[str], None] = lambda _name: None) -> None:
        self._on_end = on_end
        self._held: dict[str, tuple[asyncio.Event, asyncio.TimerHandle]] = {}

    def hold(self, name: str) -> None:
        """Once more: for as long from now."""
        event, timer = self._held.get(name, (asyncio.Event(), None))
        if timer is not None:
            timer.cancel()
        later = asyncio.get_running_loop().call_later(HOLD_S, self.release, name)
        self._held[name] = event, later

    def holds(self, name: str) -> bool:
        return name in self._held

    def release(self, name: str) -> None:
        """Does nothing for one that is not held."""
        if (held := self._held.pop(name, None)) is None:
            return
        event, timer = held
        timer.cancel()
        event.set()
        self._on_end(name)

    def release_all(self) -> None:
        for name in list(self._held):
            self.release(name)

    async def released(self, name: str) -> None:
        while (held := self._held.get(name)) is not None:
            await held[0].wait()
