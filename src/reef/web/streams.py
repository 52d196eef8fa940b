"""Server-sent events: what changed, at most once a second, as long as somebody looks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import msgspec

from reef.web.answers import EVENTS, Answer, Refusal

PAUSE_S = 1.0
STILL_HERE = 15  # pauses without a change, after which a proxy hears that somebody is there
MOST_OPEN = 64
RETRY = b"retry: 2000\n\n"

Next = Callable[[], Awaitable[Mapping[str, Any] | None]]
"""What changed since it was last asked; None for nothing."""


class Streams:
    def __init__(self, pause_s: float = PAUSE_S) -> None:
        self.open = 0
        self._pause_s = pause_s
        self._closing = asyncio.Event()

    def close(self) -> None:
        """All end at once; browsers come back by themselves."""
        self._closing.set()

    def answer(self, changed: Next) -> Answer:
        """Raises Refusal where too many look already."""
        if self.open >= MOST_OPEN or self._closing.is_set():
            raise Refusal(503, "too many look at this page at once", "close some")
        return Answer(self._pieces(changed), EVENTS)

    async def _pieces(self, changed: Next) -> AsyncIterator[bytes]:
        self.open += 1
        quiet = 0
        try:
            yield RETRY
            while not self._closing.is_set():
                found = await changed()
                quiet = 0 if found is not None else quiet + 1
                if found is not None:
                    yield b"data: " + msgspec.json.encode(found) + b"\n\n"
                elif quiet % STILL_HERE == 0:
                    yield b": still here\n\n"
                await self._pause()
        finally:
            self.open -= 1

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._pause_s):
                await self._closing.wait()


class Changes:
    """Values by key, and since which generation each is as it is. One that is gone is None."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Any, int]] = {}

    def take(self, new: Mapping[str, Any], generation: int) -> list[str]:
        """These are all there are; the keys of those that are new or another now."""
        changed = [key for key, value in new.items() if self._kept.get(key, (None, 0))[0] != value]
        gone = [key for key, (value, _) in self._kept.items() if value is not None and key not in new]
        self._kept.update({key: (new[key], generation) for key in changed})
        self._kept.update(dict.fromkeys(gone, (None, generation)))
        return changed + gone

    def since(self, generation: int) -> dict[str, Any]:
        return {key: value for key, (value, at) in self._kept.items() if at > generation}
