"""What one location used in one stretch of time, and how stretches become longer ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

DAY_S = 86_400
WEEK_S = 7 * DAY_S


@dataclass(frozen=True, slots=True)
class Spread:
    """How a figure was spread over a stretch. In bytes, or in cores."""

    p50: float = 0
    p95: float = 0
    peak: float = 0


NOTHING = Spread()


@dataclass(frozen=True, slots=True)
class Stretch:
    """Unix seconds, bytes, cores. Time in which a location slept is in no stretch, or in none of its `awake_s`.

    `own` is what its sleep would give back; `whole` all that its process has in memory, which is what a container of
    its own would have. Either is `NOTHING` where it was not measured.
    """

    start: int
    awake_s: int
    own: Spread = NOTHING
    whole: Spread = NOTHING
    pss: float = 0
    cpu: Spread = NOTHING
    cpu_s: float = 0
    busy_s: int = 0  # of awake_s: stretches of a minute in which somebody called
    calls: int = 0
    wakes: int = 0
    probes: int = 0
    kills: int = 0  # ended because of memory
    killed_at: float = 0  # the highest limit at which that was


Weighted = Sequence[tuple[float, float]]


def quantile(values: Weighted, share: float) -> float:
    """Of (value, weight) pairs: the least value that is not exceeded in `share` of the weight. 0 of nothing."""
    total = sum(weight for _, weight in values)
    reached = 0.0
    for value, weight in sorted(values):
        reached += weight
        if reached >= share * total:
            return value
    return 0.0


def spread_over(spreads: Iterable[tuple[Spread, float]]) -> Spread:
    """Of several (spread, seconds). What lies between two known quantiles counts as the upper one, so the result may
    be a little too high and is never too low."""
    parts: list[tuple[float, float]] = []
    peak = 0.0
    for each, seconds in spreads:
        peak = max(peak, each.peak)
        if each.p95 > 0:
            parts += [(each.p50, 0.5 * seconds), (each.p95, 0.45 * seconds), (each.peak, 0.05 * seconds)]
    return Spread(quantile(parts, 0.5), quantile(parts, 0.95), peak)


def joined(stretches: Sequence[Stretch], start: int) -> Stretch:
    """One stretch that begins at `start` and says what all of these say."""
    weights = [max(1, each.awake_s) for each in stretches]
    return Stretch(
        start=start,
        awake_s=sum(each.awake_s for each in stretches),
        own=spread_over(zip((each.own for each in stretches), weights, strict=True)),
        whole=spread_over(zip((each.whole for each in stretches), weights, strict=True)),
        pss=max((each.pss for each in stretches), default=0),
        cpu=spread_over(zip((each.cpu for each in stretches), weights, strict=True)),
        cpu_s=sum(each.cpu_s for each in stretches),
        busy_s=sum(each.busy_s for each in stretches),
        calls=sum(each.calls for each in stretches),
        wakes=sum(each.wakes for each in stretches),
        probes=sum(each.probes for each in stretches),
        kills=sum(each.kills for each in stretches),
        killed_at=max((each.killed_at for each in stretches), default=0),
    )
