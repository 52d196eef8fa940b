"""How much higher than all that was seen a location's memory may yet go."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

STEADY_HEADROOM = 1.25
UNSTEADY_HEADROOM = 1.6
STEADY = 1.05  # the highest day over the median one
YOUNG_HEADROOM = 1.75  # while each weekday was seen once or twice only
MOST_HEADROOM = 3.0
ALIKE = 0.6  # of the highest: a day above that is of its kind
LEAST_ALIKE = 3
LEAST_DAYS = 5  # of which a tail can be told
AHEAD_DAYS = 30
SURE = 500  # one location of so many may exceed its limit in the days ahead, were its days as unequal as they look
GROWS_FROM = 0.05  # of its peak in AHEAD_DAYS: less is noise


def headroom(peaks: Sequence[float], weeks: int) -> float:
    """By how much a limit exceeds the highest of daily `peaks`. Days that differ much will differ more one day: the
    logarithms by which the highest days exceed the others (Hill's estimate of a tail) say how much. Where some days are
    of another kind (each Sunday, say), they are compared among themselves."""
    ordered = sorted((peak for peak in peaks if peak > 0), reverse=True)
    least = _least(ordered) if weeks > 2 else YOUNG_HEADROOM
    if len(ordered) < LEAST_DAYS:
        return least
    alike = [peak for peak in ordered if peak > ALIKE * ordered[0]]
    compared = alike if len(alike) >= LEAST_ALIKE else ordered
    top = min(max(2, len(compared) // 4), len(compared) - 1)
    scale = sum(math.log(each / compared[top]) for each in compared[:top]) / top
    return min(MOST_HEADROOM, max(least, math.exp(scale * math.log(SURE * AHEAD_DAYS / len(ordered)))))


def _least(ordered: Sequence[float]) -> float:
    is_steady = bool(ordered) and ordered[0] <= STEADY * ordered[len(ordered) // 2]
    return STEADY_HEADROOM if is_steady else UNSTEADY_HEADROOM


def growth(days: Mapping[int, float]) -> float:
    """Bytes by which daily peaks will have grown in `AHEAD_DAYS`; 0 where they do not grow. The median of the slopes
    between a day and the one half of the window later, so that a few spikes do not matter."""
    known = sorted(days.items())
    half = len(known) // 2
    if half < 4:
        return 0.0
    slopes = sorted(
        (later - sooner) / (day_later - day_sooner)
        for (day_sooner, sooner), (day_later, later) in zip(known, known[half:], strict=False)
    )
    if slopes[len(slopes) // 4] <= 0:  # of four days three must say so
        return 0.0
    ahead = slopes[len(slopes) // 2] * AHEAD_DAYS
    return ahead if ahead > GROWS_FROM * max(days.values()) else 0.0
