"""When the pod of an on-demand location goes: no gateway has needed it for a while."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reef.decide.placements.calls import in_own_pod
from reef.decide.placements.choosing import UNMEASURED
from reef.decide.rest import idle_timeout_s
from reef.views import Costs


@dataclass(frozen=True)
class OnDemand:
    """One location. `idle_since` is what each gateway says (`SaysAsleep`), unix seconds: None where a call needs the
    pod, and a gateway that did not answer is missing, of `gateways` in all. `up_since` is when its pod came up, `costs`
    are those of its server alone."""

    name: str
    replicas: int
    gateways: int
    idle_since: Sequence[float | None] = ()
    up_since: float = 0.0
    live_runs: int = 0
    idle_timeout_s: float | None = None
    costs: Costs = UNMEASURED


@dataclass(frozen=True)
class Sleep:
    """Scale its Deployment to 0."""

    location: str


def sleeping(locations: Sequence[OnDemand], now: float) -> tuple[Sleep, ...]:
    """Who goes now."""
    return tuple(Sleep(each.name) for each in locations if each.replicas > 0 and _may_sleep(each, now))


def next_look(locations: Sequence[OnDemand], now: float) -> float | None:
    """When somebody may go if nothing is asked meanwhile."""
    ends = [end for each in locations if each.replicas > 0 and (end := _ends(each)) is not None]
    later = [end for end in ends if end > now]
    return min(later, default=None)


def _may_sleep(one: OnDemand, now: float) -> bool:
    end = _ends(one)
    return end is not None and now >= end


def _ends(one: OnDemand) -> float | None:
    """None while it must stay: a call needs it, it has runs, or a gateway that may hold a call has not spoken."""
    if one.live_runs or len(one.idle_since) < one.gateways or None in one.idle_since:
        return None
    last = max([one.up_since, *(each for each in one.idle_since if each is not None)])
    keeps_s = idle_timeout_s(in_own_pod(one.costs), one.idle_timeout_s)
    return None if math.isinf(keeps_s) else last + keeps_s


def together(said: Sequence[Mapping[str, float | None]], name: str) -> tuple[float | None, ...]:
    """What all gateways say of one location; one that does not know it says nothing."""
    return tuple(each[name] for each in said if name in each)
