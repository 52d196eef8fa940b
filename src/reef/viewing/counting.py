"""Counters of many processes, which begin anew with each of them, as counts of what happened between looks. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reef.metrics import of_locations
from reef.viewing.samples import COLD_COUNT, COLD_SUM, COUNTERS, Sample

_COUNTED = frozenset((*(each.name for each in COUNTERS), COLD_SUM, COLD_COUNT))


@dataclass(frozen=True, slots=True)
class More:
    """So much more of a counter; `by` are the values of its labels."""

    location: str
    metric: str
    by: tuple[str, ...]
    amount: float


@dataclass(frozen=True, slots=True)
class CountedProcess:
    """One process of Reef. `uid` is its pod's; `is_new`: it was started while this one looked on, so all that it has
    counted happened meanwhile."""

    uid: str
    is_new: bool


@dataclass
class CountsOfOne:
    """Of a location, as far as the processes that were ever looked at know."""

    calls: int = 0
    wakes: int = 0
    cpu_s: float = 0.0
    cold_s: float = 0.0
    colds: int = 0
    kills: int = 0
    reasons: set[str] = field(default_factory=set)


class Counting:
    def __init__(self) -> None:
        self._before: dict[str, dict[tuple[str, str, tuple[str, ...]], float]] = {}
        self.totals: dict[str, CountsOfOne] = defaultdict(CountsOfOne)

    def of(self, name: str) -> CountsOfOne:
        return self.totals[name] if name in self.totals else CountsOfOne()

    def add(self, one: More) -> None:
        """To the totals of its location."""
        _add(self.totals[one.location], one)

    def only_reason(self, name: str) -> str:
        """Why it wakes, as metrics say it, where that was one reason alone; else ""."""
        reasons = self.of(name).reasons
        return next(iter(reasons)) if len(reasons) == 1 else ""

    def cold_s(self, name: str) -> float:
        """How long its only cold start took; 0 where there were more, or none."""
        totals = self.of(name)
        return totals.cold_s if totals.colds == 1 else 0.0

    def take(self, process: CountedProcess, found: Iterable[Sample]) -> list[More]:
        """What has happened since the last look at that process; what it counted before the first one is in the totals
        alone."""
        before = self._before.get(process.uid)
        now = {
            (one.location, one.metric, one.by): one.value
            for one in found
            if one.location and one.metric in _COUNTED
        }
        self._before[process.uid] = now
        grown = [
            More(*key, value - last if value >= (last := (before or {}).get(key, 0.0)) else value)
            for key, value in now.items()
        ]
        grown = [one for one in grown if one.amount > 0]
        for one in grown:
            self.add(one)
        return grown if before is not None or process.is_new else []

    def keep_only(self, processes: Mapping[str, object], locations: Mapping[str, object]) -> None:
        """Forget those that are no more."""
        for uid in self._before.keys() - processes.keys():
            del self._before[uid]
        for name in self.totals.keys() - locations.keys():
            del self.totals[name]


def _add(totals: CountsOfOne, one: More) -> None:
    match one.metric:
        case of_locations.CALLS.name:
            totals.calls += int(one.amount)
        case of_locations.WAKES.name:
            totals.wakes += int(one.amount)
            totals.reasons.add(one.by[0])
        case of_locations.OVER_LIMIT.name:
            totals.kills += int(one.amount)
        case of_locations.CPU.name:
            totals.cpu_s += one.amount
        case name if name == COLD_SUM:
            totals.cold_s += one.amount
        case name if name == COLD_COUNT:
            totals.colds += int(one.amount)


def of_each(grown: Iterable[More]) -> dict[str, list[More]]:
    """By location."""
    found: dict[str, list[More]] = {}
    for one in grown:
        found.setdefault(one.location, []).append(one)
    return found
