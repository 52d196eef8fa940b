"""Work that takes longer than a look: each piece once at a time, by its key."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any

from reef.background import Background
from reef.cluster.errors import ClusterError
from reef.controller.peering import PeerUnreachable
from reef.controller.promoting import PromotionFailed
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

LONGEST_PAUSE_S = 20.0
Work = Callable[[], Coroutine[Any, Any, Any]]
EXPECTED = (ClusterError, OSError, PeerUnreachable, PromotionFailed, TimeoutError)


class Tasks:
    """`over` is called when a piece has ended, however: then it is time to look again. A piece that failed for what may
    pass is said, and begun again by a later look."""

    def __init__(self, background: Background, over: Callable[[], None]) -> None:
        self._background = background
        self._over = over
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._failed: dict[str, str] = {}
        self._times: dict[str, int] = {}

    def begin(self, key: str, work: Work, *, quiet: bool = False) -> None:
        """Nothing happens where it is under way. `quiet`: nobody looks again because it is over."""
        if key not in self._under_way:
            self._under_way[key] = self._background.spawn(self._done(key, work, quiet))

    async def _done(self, key: str, work: Work, quiet: bool) -> None:
        try:
            await work()
            self._failed.pop(key, None)
            self._times.pop(key, None)
        except EXPECTED as error:
            told = headline(describe(error))
            if self._failed.get(key) != told:
                log.warning("%s: %s", key, told)
            self._failed[key] = told
            times = self._times[key] = self._times.get(key, 0) + 1
            await asyncio.sleep(min(LONGEST_PAUSE_S, 0.5 * 2 ** min(times, 10)))
        finally:
            self._under_way.pop(key, None)
            if not quiet:
                self._over()
