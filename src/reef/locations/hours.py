"""How often something happened lately."""

from __future__ import annotations

from collections.abc import Iterable

MOST_LOADS = 1000
HOUR_S = 3600.0


def in_last_hour(times: Iterable[float], now: float) -> int:
    return sum(now - at <= HOUR_S for at in times)
