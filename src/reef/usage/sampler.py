"""The part of a host that keeps the history: looks at processes now and then, and writes a minute once it is over."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping

from reef.decide.sizing.stretches import Stretch
from reef.events import Ending, Event, Exited, OverLimit, Probed, WakeFailed
from reef.fleet.model import HistorySpec
from reef.hosting.contract import Child
from reef.hosting.reasons import says_over_limit
from reef.locations.place import CodeLocation
from reef.usage.history import HOUR_S, MINUTE_S, History
from reef.usage.minutes import Counters, Minutes
from reef.usage.process_use import ProcessUse, process_use
from reef.words import fault

log = logging.getLogger("reef.control")

LOOK_S = 15.0
MOST_S = 120.0  # between two writes of a host that runs
SIGKILL = -9
MOST_WAITING = 10  # minutes that are kept in memory while the disk takes none

Waiting = tuple[int, int, dict[str, Stretch]]


class UsageSampler:
    """`spec` says what is to be kept now; None: nothing."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        history: History,
        spec: Callable[[], HistorySpec | None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._places = places
        self._history = history
        self._spec = spec
        self._clock = clock
        self._minutes = Minutes(clock())
        self._since = clock()
        self._hour = 0
        self._opened = False
        self._waiting: deque[Waiting] = deque(maxlen=MOST_WAITING)
        self._writing = threading.Lock()  # the thread of a turn that is cancelled writes on
        self.trouble: str | None = None

    def hear(self, event: Event) -> None:
        """A subscriber of the host's events."""
        match event:
            case Ending(child=child):
                self._last_look(child)
            case Exited(child=child, status=status, reason=reason):
                if status == SIGKILL and reason is not None:
                    self._minutes.killed(event.name, 0)
                self._minutes.gone(child)
            case OverLimit(name=name):
                self._minutes.killed(name, self._limit(name))
            case WakeFailed(name=name, reason=why) | Probed(name=name, error=str(why)):
                if says_over_limit(why):
                    self._minutes.killed(name, self._limit(name))

    def _limit(self, name: str) -> float:
        place = self._places.get(name)
        return (place.spec.memory_limit_bytes or 0) if place is not None else 0

    def _last_look(self, child: Child) -> None:
        if self._spec() is not None and (use := process_use(child)) is not None:
            self._minutes.saw(child, use, self._clock())

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S - self._clock() % LOOK_S)
            try:
                await self.turn()
            except Exception:
                log.exception("a turn of the usage history failed; the next one goes on")

    async def turn(self) -> None:
        """One look; what is over is written."""
        if self._spec() is None:
            self._minutes.take(0, 0)
            self._since = self._clock()
            return
        await self._look()
        if self._clock() // MINUTE_S > self._since // MINUTE_S:
            await self.write()

    async def _look(self) -> None:
        watched = [child for place in self._places.values() for child in place.serving.children()]
        uses = await asyncio.to_thread(lambda: [process_use(child) for child in watched])
        for place in list(self._places.values()):
            now = place.serving
            if now.child is not None and now.sampled_at > 0 and now.rss_bytes:
                self._minutes.shares(place.name, now.rss_bytes - now.private_bytes)
        for child, use in zip(watched, uses, strict=True):
            if use is not None:
                self._saw(child, use)

    def _saw(self, child: Child, use: ProcessUse) -> None:
        place = self._places.get(child.location)
        serves = place is not None and place.child is child
        self._minutes.saw(child, use, self._clock(), place.serving.pss_bytes if place and serves else 0)

    async def write(self) -> None:
        """The time since the last write, and once an hour what follows from it. Raises nothing for a bad disk."""
        spec, now = self._spec(), self._clock()
        # A clock that jumped, or a machine that slept: nobody looked meanwhile.
        start, seconds = int(self._since), min(max(0.0, now - self._since), MOST_S)
        self._since = now
        self._count()
        self._minutes.keep_only(self._places)
        self._waiting.append((start, round(seconds), self._minutes.take(start, seconds)))
        if spec is not None:
            try:
                await asyncio.to_thread(self._written, spec, now)
                self._say(None)
            except OSError as error:
                self._say(fault(error))

    def _count(self) -> None:
        for place in self._places.values():
            now = place.serving
            self._minutes.counted(place.name, Counters(now.calls, now.wakes, place.release.probes))

    def _written(self, spec: HistorySpec, now: float) -> None:
        with self._writing:
            self._write_all(spec, now)

    def _write_all(self, spec: HistorySpec, now: float) -> None:
        if not self._opened:
            self._history.open()
            self._opened = True
        while self._waiting:
            self._history.add_minute(*self._waiting[0])
            self._waiting.popleft()
        if (hour := int(now) // HOUR_S) != self._hour:
            self._history.make_hours(now)
            self._history.prune(now, spec.days, spec.most_bytes)
            self._hour = hour

    def _say(self, trouble: str | None) -> None:
        """Once when it begins, once when it is over."""
        if trouble is not None and self.trouble is None:
            log.warning("the usage history cannot be written: %s; serving goes on without it", trouble)
        elif trouble is None and self.trouble is not None:
            log.info("the usage history is written again")
        self.trouble = trouble
