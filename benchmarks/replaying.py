"""A proposal made from days 1 to k, held against the days that came after."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from dayshapes import FIRST, Made
from reef.decide.sizing.proposal import Proposal
from reef.decide.sizing.proposing import proposal
from reef.decide.sizing.stretches import DAY_S, Stretch
from reef.decide.sizing.used import Used, Watch, used


@dataclass(frozen=True)
class Replayed:
    """Bytes and cores over a fleet. What is over-requested is what is requested above the highest peak, for memory, and
    above the 95th percentile of the hours' 95th, for processors; of the later days."""

    locations: int
    proposed: int
    oom_kills: int
    memory_requested: float
    memory_over: float
    memory_freed: float
    cpu_requested: float
    cpu_over: float
    cpu_freed: float
    days_above_request: int
    days: int

    @property
    def memory_share(self) -> float:
        return self.memory_freed / self.memory_over if self.memory_over else 1.0

    @property
    def cpu_share(self) -> float:
        return self.cpu_freed / self.cpu_over if self.cpu_over else 1.0

    def to_json(self) -> dict[str, object]:
        return {**asdict(self), "memory_share": self.memory_share, "cpu_share": self.cpu_share}


def watched(first: int, last: int) -> Watch:
    """Every minute of these days."""
    begin, end = FIRST + first * DAY_S, FIRST + last * DAY_S
    return Watch(begin, end, end - begin, frozenset(range(begin // DAY_S, end // DAY_S)))


def proposed(made: Made, days: int) -> Proposal:
    seen = used(made.days(0, days), watched(0, days))
    return proposal(seen, seen, made.has, "whole")


def replayed(fleet: Sequence[Made], days: int, until: int) -> Replayed:
    """What was proposed after `days`, lived through up to day `until`."""
    rows = [_one(made, proposed(made, days), days, until) for made in fleet]
    return Replayed(*map(sum, zip(*rows, strict=True)))  # type: ignore[arg-type]


def _one(made: Made, found: Proposal, days: int, until: int) -> tuple[float, ...]:
    later = used(made.days(days, until), watched(days, until))
    has = made.has
    request = _value(found.memory_request.value, has.memory_request)
    limit = _value(found.memory_limit.value, has.memory_limit)
    cpu = _value(found.cpu_request.value, has.cpu_request)
    over, cpu_over = _over(has.memory_request, later.whole.peak), _over(has.cpu_request, later.cpu.p95)
    return (
        1,
        int(found.changes),
        kills(made.days(days, until), limit),
        has.memory_request or 0,
        over,
        min(over, (has.memory_request or 0) - request),
        has.cpu_request or 0,
        cpu_over,
        min(cpu_over, (has.cpu_request or 0) - cpu),
        _days_above(later, request),
        until - days,
    )


def kills(hours: Iterable[Stretch], limit: float) -> int:
    return sum(each.whole.peak > limit for each in hours) if limit else 0


def _days_above(later: Used, request: float) -> int:
    return sum(peak > request for peak in later.whole_days.values())


def _over(requested: float | None, needed: float) -> float:
    return max(0.0, (requested or 0) - needed)


def _value(proposed: float | str | None, now: float | None) -> float:
    return float(proposed) if isinstance(proposed, int | float) else now or 0
