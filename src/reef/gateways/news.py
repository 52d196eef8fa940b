"""Waiting for anything to be another than it was."""

from __future__ import annotations

import asyncio


class News:
    """What is told is heard by whoever asked for the next before. On one event loop."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def tell(self) -> None:
        told, self._next = self._next, asyncio.Event()
        told.set()

    def next(self) -> asyncio.Event:
        """Set as soon as anything is told from now on."""
        return self._next


async def wait(told: asyncio.Event, seconds: float) -> None:
    """So long at most."""
    try:
        async with asyncio.timeout(seconds):
            await told.wait()
    except TimeoutError:
        return
