"""A location that was frozen for a promotion, and nobody said how it went: the controller died meanwhile.

Before a gateway is told to freeze, the database has learned that the new version is shown from then on. So forward is
where every later controller goes, and a gateway that waits for too long goes there by itself.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence

from reef.gateways.book import Book
from reef.gateways.telling import Telling
from reef.words import describe

log = logging.getLogger("reef.gateways")

LET_GO_S = 30.0  # twice as long as a lease is valid: another controller has begun by then, if there is one
LOOK_S = 1.0


class LettingGo:
    """`unresolved` gives locations whose freeze is over without a word, `heard_at` when a controller last spoke
    (monotonic seconds)."""

    def __init__(
        self,
        book: Book,
        telling: Telling,
        unresolved: Callable[[], Sequence[str]],
        heard_at: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._book = book
        self._telling = telling
        self._unresolved = unresolved
        self._heard_at = heard_at
        self._clock = clock

    async def run(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Show what is held, where it is time. What is not held here, since this process started anew, stays frozen:
        other gateways answer for it."""
        if self._clock() - self._heard_at() < LET_GO_S:
            return
        for name in self._unresolved():
            held, frozen = self._book.held(name), self._book.record(name).frozen
            if held is None or frozen is None or held.generation < frozen:
                continue
            try:
                await self._telling.show(name, held.generation)
            except OSError as error:
                log.warning("%s stays between two versions: %s", name, describe(error))
                continue
            log.warning("%s: no controller said which version is served; the new one is shown", name)
