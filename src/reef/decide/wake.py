"""Whether a location that somebody calls is started now, later, or not at all for the moment."""

from __future__ import annotations

from dataclasses import dataclass

from reef.views import LocationView
from reef.words import count

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 60.0
WORTH_HOLDING_S = 5.0


@dataclass(frozen=True)
class Start:
    """Start it now."""


@dataclass(frozen=True)
class Hold:
    """Hold the call for so many seconds, then ask again."""

    seconds: float


@dataclass(frozen=True)
class RefuseCall:
    """Answer the call with this reason."""

    reason: str


def pause_s(failures: int) -> float:
    """Seconds between the n-th failed wake in a row and the next attempt; 0 for none."""
    return 0.0 if failures <= 0 else min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (min(failures, 16) - 1))


def on_call(view: LocationView, now: float) -> Start | Hold | RefuseCall:
    """What becomes of a call to a location that is not warm."""
    left_s = view.failed_at + pause_s(view.failures) - now if view.failures else 0.0
    if left_s <= 0:
        return Start()
    if left_s <= WORTH_HOLDING_S:
        return Hold(left_s)
    return RefuseCall(
        f"code location {view.name!r} failed to start {count(view.failures, 'time')} in a row, next attempt in "
        f"{left_s:.0f} s: {view.last_error or 'no reason known'}"
    )
