"""Who goes to sleep, and when.

The rule, for a location whose user set no `idle_timeout`: staying warm costs memory for as long as it is idle,
waking costs processor time once. Clouds sell one processor second for about what nine gigabyte seconds cost, so
a location is kept for as long as its memory is cheaper than its next cold start. A location whose cold start
is more than a tenth of the interval in which it is called is kept warm between those calls, whatever it costs,
because sleep would make its ticks slow. A load that does something outside (a connection to another machine, a
program that it starts) costs somebody else something that nobody can measure here: it counts as ten seconds more,
of processor time and of waiting.
"""

from __future__ import annotations

from collections.abc import Iterable

from reef.views import Costs, LocationView

GB_SECONDS_PER_CPU_SECOND = 9.0
SHORTEST_S = 10.0
LONGEST_S = 900.0
UNMEASURED_S = 30.0
SLOW_SHARE = 0.1  # of the call interval
KEPT_INTERVALS = 2.5
KEEPABLE_INTERVAL_S = 3600.0  # beyond an hour between calls nobody is kept warm for them
OUTSIDE_S = 10.0
LONG_START_S = 2.0  # most are forked in a twentieth of it


def idle_timeout_s(costs: Costs, chosen_s: float | None) -> float:
    """Seconds of idleness after which a location sleeps. `chosen_s` is the user's setting and wins."""
    if chosen_s is not None:
        return chosen_s
    cpu_s = costs.cold_start_cpu_s if costs.cold_start_cpu_s is not None else costs.cold_start_s
    if not costs.private_bytes or (cpu_s is None and not costs.reaches_outside):
        return max(UNMEASURED_S, _kept_for_calls_s(costs))
    wake_s = (cpu_s or 0.0) + _outside_s(costs)
    break_even_s = GB_SECONDS_PER_CPU_SECOND * wake_s / (costs.private_bytes / 1e9)
    timeout_s = min(LONGEST_S, max(SHORTEST_S, break_even_s))
    return max(timeout_s, _kept_for_calls_s(costs))


def _kept_for_calls_s(costs: Costs) -> float:
    interval_s, start_s = costs.call_interval_s, (costs.cold_start_s or 0.0) + _outside_s(costs)
    if interval_s is None or interval_s > KEEPABLE_INTERVAL_S:
        return 0.0
    return KEPT_INTERVALS * interval_s if start_s > SLOW_SHARE * interval_s else 0.0


def _outside_s(costs: Costs) -> float:
    return OUTSIDE_S if costs.reaches_outside else 0.0


def starts_again(costs: Costs) -> bool:
    """Whether a location that was warm gets its new version's server at once after a promotion: the next call would
    otherwise be held for long."""
    return costs.cold_start_s is not None and costs.cold_start_s > LONG_START_S


def is_idle(view: LocationView) -> bool:
    """Whether ending its child now would disturb nobody."""
    return view.phase == "warm" and view.forwards and not (view.waiting or view.in_flight or view.live_runs)


def should_sleep(view: LocationView, now: float) -> bool:
    if view.stays_up or not is_idle(view):
        return False
    return now - view.idle_since >= idle_timeout_s(view.costs, view.idle_timeout_s)


def evictions(views: Iterable[LocationView], budget_bytes: int | None) -> tuple[str, ...]:
    """Idle locations to end, least recently used first, until the rest fits the fleet's memory budget."""
    warm = [view for view in views if view.phase == "warm" and view.forwards]
    excess = sum(view.private_bytes for view in warm) - budget_bytes if budget_bytes is not None else 0
    chosen: list[str] = []
    for view in sorted(warm, key=lambda view: view.idle_since):
        if excess <= 0:
            break
        if is_idle(view) and not view.stays_up:
            chosen.append(view.name)
            excess -= view.private_bytes
    return tuple(chosen)


def over_limit(view: LocationView) -> bool:
    return view.memory_limit_bytes is not None and view.private_bytes > view.memory_limit_bytes
