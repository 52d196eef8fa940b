"""What a person is told of counters that have grown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reef.metrics import of_locations
from reef.viewing.counting import More
from reef.viewing.samples import COLD_COUNT, COLD_SUM
from reef.web.chronicle import BY_ITSELF, Wake
from reef.web.moments import CALLS, Moment, call_words
from reef.words import count

# Reasons of wakes and sleeps, as metrics have them, in words.
WHYS = {
    "command": "a person",
    "new_version": "a new version",
    "standing": BY_ITSELF,
    "idle": "nobody called it",
    "memory_budget": "the memory budget",
    "asked": "a person asked for it",
    "signal": "a signal",
    "exit": "it ended by itself",
    "unknown": "nobody knows why",
}


def why(reason: str) -> str:
    """`SyncExternalSensorExecution` is `sensor tick`."""
    return WHYS.get(reason) or call_words(reason)


def wakes_of(grown: Sequence[More], at: float) -> list[Wake]:
    """Of one location and one process: the last one was at `at`, and took what all took on average."""
    wakes = [one for one in grown if one.metric == of_locations.WAKES.name]
    number = sum(one.amount for one in grown if one.metric == COLD_COUNT)
    took = sum(one.amount for one in grown if one.metric == COLD_SUM) / number if number else 0.0
    return [Wake(at, why(one.by[0]), took) for one in wakes for _ in range(int(one.amount))]


def moments_of(grown: Iterable[More], now: float) -> list[Moment]:
    """Of one location, but for its wakes."""
    return [found for one in grown if (found := _moment(one, now)) is not None]


def woken(wake: Wake) -> Moment:
    return Moment(wake.at, "wake", f"woken: {wake.why}", wake.took_s or None)


def _moment(one: More, now: float) -> Moment | None:
    number = int(one.amount)
    match one.metric:
        case of_locations.SLEEPS.name:
            return Moment(now, "sleep", f"asleep: {why(one.by[0])}")
        case of_locations.WAKE_FAILURES.name:
            return Moment(now, "trouble", _times("not woken; its log says why", number))
        case of_locations.CRASHES.name:
            return Moment(now, "trouble", _times(f"its server died: {why(one.by[0])}", number))
        case of_locations.OVER_LIMIT.name:
            return Moment(now, "trouble", _times("ended: it had more memory than its limit", number))
        case of_locations.CONNECTIONS_REFUSED.name:
            return Moment(now, "trouble", _times("not reachable", number))
        case of_locations.CALLS.name:
            return _calls(one.by, number, now)
        case of_locations.TICKS.name if one.by[-1] == "failed":
            return Moment(now, "trouble", _times(f"{one.by[0]} tick failed", number))
    return None


def _calls(by: Sequence[str], number: int, now: float) -> Moment:
    method, _, outcome = by
    words = call_words(method)
    if outcome != "OK":
        return Moment(now, "trouble", _times(f"{words} failed: {outcome}", number))
    if words == CALLS["StartRun"]:
        return Moment(now, "run", count(number, "run") + " started")
    return Moment(now, "calls", words, number=number, until=now)


def _times(text: str, number: int) -> str:
    return text if number == 1 else f"{text} ({count(number, 'time')})"
