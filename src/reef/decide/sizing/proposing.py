"""The rule: from what a location used, and what is set now, to what it should request.

Memory is not compressible: a limit is the highest peak with headroom, and is lowered only once every weekday was
seen. A request is what is set aside for good, so it is what an ordinary day needs. Processor time is compressible: its
request is the 95th percentile of the minutes in which the location was awake, and no limit is proposed, for that would
slow loads.
"""

from __future__ import annotations

from dataclasses import replace

from reef.decide.sizing.placing import placement
from reef.decide.sizing.proposal import (
    MIB,
    Figure,
    Has,
    Proposal,
    cores_text,
    cpu_up,
    is_close,
    memory_text,
    memory_up,
    nothing,
)
from reef.decide.sizing.stretches import DAY_S, quantile
from reef.decide.sizing.tail import AHEAD_DAYS, growth, headroom
from reef.decide.sizing.used import Memory, Used

LEAST_WATCH_S = DAY_S * 23 // 24  # a day, less what starts and stops may miss
LEAST_WAKES = 5
LEAST_AWAKE_S = 1800
REQUEST_HEADROOM = 1.1
CPU_HEADROOM = 1.2
LEAST_MEMORY = 64 * MIB
LEAST_CPU = 0.01
KILLED_HEADROOM = 1.5  # over a limit at which it was killed: nobody knows what it needed
CLOSE_MEMORY = 16 * MIB
CLOSE_CPU = 0.01


def proposal(window: Used, ever: Used, has: Has, memory: Memory, *, calls_known: bool = True) -> Proposal:
    """`window` is what is judged, `ever` all that was recorded: a peak before the window counts for limits. `memory`:
    which memory the settings count. `calls_known` is False where the source does not say who calls."""
    if has.placement == "external":
        return nothing("somebody else runs its server")
    place = placement(window, has) if calls_known else Figure(None, "the source does not say who calls it")
    if (few := _too_few(window, memory)) is not None:
        return nothing(few, place if place.value is not None and not window.awake_s else None)
    limit = _limit(window, ever, has, memory)
    request = _within(_request(window, memory, has), limit, has)
    return Proposal(request, limit, _cpu(window, has), place)


def _within(request: Figure, limit: Figure, has: Has) -> Figure:
    """Kubernetes refuses a request above its limit."""
    most = limit.value if limit.value is not None else has.memory_limit
    if isinstance(request.value, float | int) and isinstance(most, float | int) and request.value > most:
        return replace(request, value=most, why=f"{request.why}; its limit allows no more")
    return request


def _too_few(window: Used, memory: Memory) -> str | None:
    watched_s = window.watch.seconds
    if watched_s < LEAST_WATCH_S:
        return f"{_hours(watched_s)} were watched; a proposal needs a day"
    if window.awake_s == 0:
        asleep = f"it was never awake in {_days(window.watch.last - window.watch.first)}"
        return f"{asleep}: {window.probes} probes say what a load takes, not what its calls take"
    if window.awake_s < LEAST_AWAKE_S and window.wakes < LEAST_WAKES:
        seen = f"it was awake for {window.awake_s // 60} minutes in {window.wakes} wakes"
        return f"{seen}; a proposal needs {LEAST_WAKES} wakes or half an hour"
    if window.memory(memory).peak == 0:
        return "its memory was not measured"
    return None


def _request(window: Used, memory: Memory, has: Has) -> Figure:
    found, days = window.memory(memory), window.days(memory)
    whole_week = window.watch.weeks > 0
    ordinary = max(
        found.p95, quantile([(peak, 1) for peak in days.values()], 0.5) if whole_week else found.peak
    )
    wanted = memory_up(max(LEAST_MEMORY, ordinary * REQUEST_HEADROOM))
    what = (
        "on an ordinary day it has" if whole_week else "no whole week was seen, so its highest peak counts:"
    )
    why = f"{what} {memory_text(ordinary)}, and 10 % more"
    if is_close(has.memory_request, wanted, CLOSE_MEMORY):
        return Figure(None, f"fits: {why}")
    return Figure(wanted, why)


def _limit(window: Used, ever: Used, has: Has, memory: Memory) -> Figure:
    peak, days = ever.memory(memory).peak, ever.days(memory)
    more, grows = headroom(list(days.values()), ever.watch.weeks), growth(days)
    wanted = max((peak + grows) * more, peak + LEAST_MEMORY)
    why = f"its highest peak is {memory_text(peak)}{_when(window, ever, memory)}, and {more - 1:.0%} more"
    if grows:
        why += f"; it grows, by {memory_text(grows)} in {AHEAD_DAYS} days"
    if ever.kills and (least := ever.killed_at * KILLED_HEADROOM) > wanted:
        wanted = least
        why = f"it was killed at {memory_text(ever.killed_at)}, so nobody knows what it needed: half as much again"
    wanted = memory_up(max(wanted, LEAST_MEMORY))
    now = has.memory_limit
    if now is None or wanted < now:
        if ever.watch.weeks == 0:
            return Figure(None, f"stays: {_no_week(ever)}")
    elif ever.kills == 0 and peak < 0.9 * now:
        return Figure(None, f"fits: {why}")
    if is_close(now, wanted, CLOSE_MEMORY) and not ever.kills:
        return Figure(None, f"fits: {why}")
    return Figure(wanted, why)


def _when(window: Used, ever: Used, memory: Memory) -> str:
    if ever.memory(memory).peak <= window.memory(memory).peak:
        return ""
    ago = (window.watch.last - ever.peak_at) // DAY_S
    return f" ({ago} days ago, before the window)"


def _no_week(ever: Used) -> str:
    seen = ever.watch.weekdays
    return f"{seen} of 7 weekdays were seen, and a limit is set or lowered only after a whole week"


def _cpu(window: Used, has: Has) -> Figure:
    wanted = cpu_up(max(LEAST_CPU, window.cpu.p95 * CPU_HEADROOM))
    why = f"in 95 % of its minutes awake it has {cores_text(window.cpu.p95)} or less, and 20 % more"
    if has.cpu_limit is not None and wanted > has.cpu_limit:
        wanted = has.cpu_limit
        why += f"; its limit of {cores_text(wanted)} allows no more"
    if is_close(has.cpu_request, wanted, CLOSE_CPU):
        return Figure(None, f"fits: {why}")
    return Figure(wanted, why)


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.0f} hours" if seconds >= 7200 else f"{seconds / 60:.0f} minutes"


def _days(seconds: float) -> str:
    return f"{seconds / DAY_S:.0f} days" if seconds >= 1.5 * DAY_S else _hours(seconds)
