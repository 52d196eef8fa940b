"""When each location last needed a server, which decides whether an on-demand one may sleep. Polls need none."""

from __future__ import annotations

import time
from collections.abc import Callable

from reef.gateway.contract import CallEnded, CallStarted


class Need:
    """Hears of calls. Before the first, a location counts as needed when this process started: nobody knows better."""

    def __init__(self, in_flight: Callable[[str], int]) -> None:
        self._in_flight = in_flight
        self._last: dict[str, float] = {}
        self._started = time.time()

    def observe(self, event: CallStarted | CallEnded) -> None:
        if event.lane in ("forwarded", "by_run") and isinstance(event, CallEnded):
            self._last[event.location] = time.time()

    def idle_since(self, name: str) -> float | None:
        """Unix seconds; None while a call waits for its server or is under way in it."""
        return None if self._in_flight(name) else self._last.get(name, self._started)
