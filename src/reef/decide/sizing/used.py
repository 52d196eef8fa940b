"""What a location used in a window, in the figures that a proposal is made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reef.decide.sizing.stretches import DAY_S, NOTHING, WEEK_S, Spread, Stretch, joined

SLACK_S = 7200  # a window of a week begins with the first hour in it, and the last one is not over
Memory = Literal["own", "whole"]


@dataclass(frozen=True)
class Watch:
    """When somebody looked, whether the location was awake or not. Unix seconds; `seconds` is how long of that."""

    first: int = 0
    last: int = 0
    seconds: int = 0
    days: frozenset[int] = frozenset()  # since 1970, UTC

    @property
    def weekdays(self) -> int:
        """How many of the seven were seen."""
        return len({day % 7 for day in self.days})

    @property
    def weeks(self) -> int:
        """Whole weeks of which every weekday was seen."""
        if self.weekdays < 7:
            return 0
        return min((self.last - self.first + SLACK_S) // WEEK_S, len(self.days) // 7)


@dataclass(frozen=True)
class Used:
    """Bytes, cores, unix seconds. `*_days` are the peaks of single days (days since 1970, UTC)."""

    watch: Watch = Watch()
    awake_s: int = 0
    own: Spread = NOTHING
    whole: Spread = NOTHING
    pss: float = 0
    cpu: Spread = NOTHING
    cpu_s: float = 0
    busy_s: int = 0
    calls: int = 0
    wakes: int = 0
    probes: int = 0
    kills: int = 0
    killed_at: float = 0
    own_days: Mapping[int, float] = field(default_factory=dict)
    whole_days: Mapping[int, float] = field(default_factory=dict)
    peak_at: int = 0  # of `whole`, else of `own`

    def memory(self, which: Memory) -> Spread:
        return self.own if which == "own" else self.whole

    def days(self, which: Memory) -> Mapping[int, float]:
        return self.own_days if which == "own" else self.whole_days


def used(stretches: Sequence[Stretch], watch: Watch) -> Used:
    """All of these together."""
    whole = joined(stretches, watch.first)
    highest = max(stretches, key=lambda each: (each.whole.peak, each.own.peak), default=None)
    return Used(
        watch=watch,
        awake_s=whole.awake_s,
        own=whole.own,
        whole=whole.whole,
        pss=whole.pss,
        cpu=whole.cpu,
        cpu_s=whole.cpu_s,
        busy_s=whole.busy_s,
        calls=whole.calls,
        wakes=whole.wakes,
        probes=whole.probes,
        kills=whole.kills,
        killed_at=whole.killed_at,
        own_days=_days(stretches, "own"),
        whole_days=_days(stretches, "whole"),
        peak_at=highest.start if highest else 0,
    )


def _days(stretches: Sequence[Stretch], which: Memory) -> dict[int, float]:
    found: dict[int, float] = defaultdict(float)
    for each in stretches:
        peak = (each.own if which == "own" else each.whole).peak
        if peak:
            found[each.start // DAY_S] = max(found[each.start // DAY_S], peak)
    return dict(found)
