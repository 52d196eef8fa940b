"""After an upgrade of packages: what locations import is learnt anew, once for all that are probed close together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from reef.background import Background

AFTER_S = 2.0  # by then most of those that are called have been probed


class Learning:
    """Plans the zygotes again some time after it was asked to; asked while it plans, it plans once more."""

    def __init__(self, plan: Callable[[], Awaitable[None]], background: Background) -> None:
        self._plan = plan
        self._background = background
        self._asked = False
        self._running = False

    def ask(self) -> None:
        self._asked = True
        if not self._running:
            self._running = True
            self._background.spawn(self._learn())

    async def _learn(self) -> None:
        try:
            while self._asked:
                await asyncio.sleep(AFTER_S)
                self._asked = False
                await self._plan()
        finally:
            self._running = False
