"""Writes the history of a cluster: a record a minute, and the hours that follow from them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Mapping

from reef.records.postgres import NotLeader
from reef.usage.recorded import HOUR_S, MINUTE_S, Entry
from reef.viewing.counting import Counting
from reef.viewing.history import ClusterHistory
from reef.viewing.looking import Looking
from reef.viewing.seen import Look, ServerSeen
from reef.viewing.status import Warm
from reef.viewing.using import Using
from reef.words import describe

log = logging.getLogger("reef.viewing")

MOST_S = 120.0  # between two records of a process that runs
WARM_S = 3 * 86_400.0  # how far back it is asked what servers took
MOST_WAITING = 30  # minutes that are kept in memory while the database is away


class Keeping:
    """Hears looks; `run` writes. All on the event loop but the database."""

    def __init__(
        self,
        history: ClusterHistory,
        counting: Counting,
        days: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._history = history
        self._counting = counting
        self._days = days
        self._clock = clock
        self._using = Using(clock())
        self._since = clock()
        self._hour = 0
        self._waiting: deque[Entry] = deque(maxlen=MOST_WAITING)
        self.trouble: str | None = None

    def heard(self, look: Look, servers: Mapping[str, ServerSeen]) -> None:
        self._using.heard(servers, self._counting, look.at)

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(MINUTE_S - self._clock() % MINUTE_S)
            try:
                await self.write()
            except Exception:
                log.exception("a minute of the usage history was not written; the next one goes on")

    async def write(self) -> None:
        """The time since the last record. Raises nothing where the database is away: it is written later."""
        now = self._clock()
        start, seconds = int(self._since), min(max(0.0, now - self._since), MOST_S)
        self._since = now
        self._waiting.append((start, round(seconds), self._using.take(start, seconds)))
        try:
            await asyncio.to_thread(self._written, now)
        except NotLeader:
            self._waiting.clear()
            self._say("another page writes it by now")
        except OSError as error:
            self._say(describe(error))
        else:
            self._say(None)

    def _written(self, now: float) -> None:
        self._history.add_minutes(list(self._waiting))
        self._waiting.clear()
        if (hour := int(now) // HOUR_S) != self._hour:
            self._history.make_hours(now)
            self._history.prune(now, self._days)
            self._hour = hour

    def _say(self, trouble: str | None) -> None:
        """Once when it begins, once when it is over."""
        if trouble is not None and self.trouble is None:
            log.warning("the usage history is not written: %s", trouble)
        elif trouble is None and self.trouble is not None:
            log.info("the usage history is written again")
        self.trouble = trouble


async def remembering(history: ClusterHistory, looking: Looking) -> None:
    """What an earlier process saw of servers that sleep now: what a pod of its own would take."""
    since = looking.now() - WARM_S
    try:
        found = await asyncio.to_thread(lambda: list(history.each("hours", since, None)))
    except OSError as error:
        log.info("what servers took before is not known: %s", describe(error))
        return
    looking.remember(
        {
            name: Warm(round(each.own.p95), round(each.whole.p95))
            for _, _, stretches in found
            for name, each in stretches.items()
            if each.whole.p95
        }
    )
