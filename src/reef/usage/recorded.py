"""What is asked of a history, wherever its records are: files of a host, or the database of a cluster."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from reef.decide.sizing.stretches import DAY_S, Stretch, joined
from reef.decide.sizing.used import Watch

MINUTE_S, HOUR_S = 60, 3600
MINUTES_KEPT_S = DAY_S
Span = Literal["minutes", "hours"]
Entry = tuple[int, int, Mapping[str, Stretch]]
"""From when on (unix seconds), how many seconds were watched, and the locations that were awake in them."""


class Records(Protocol):
    def each(self, span: Span, since: float, only: str | None) -> Iterator[Entry]:
        """Oldest first; of those, the stretches of all locations, or of `only` one ("": of none). Blocks."""
        ...


@dataclass(frozen=True)
class Seen:
    """Of one location: its stretches, oldest first, and when somebody looked."""

    stretches: tuple[Stretch, ...]
    watch: Watch


def seen_of(records: Records, name: str, since: float = 0.0) -> Seen:
    """Hours, and the minutes of hours that are not over."""
    return all_seen(records, since, name).get(name) or Seen((), watched(records, since))


def all_seen(records: Records, since: float = 0.0, only: str | None = None) -> dict[str, Seen]:
    """As `seen_of`, of every location."""
    found: dict[str, list[Stretch]] = defaultdict(list)
    watch = _Watching()
    for start, seconds, stretches in _hours_and_minutes(records, since, only):
        watch.saw(start, seconds)
        for name, each in stretches.items():
            found[name].append(each)
    seen = watch.done()
    return {name: Seen(tuple(parts), seen) for name, parts in found.items()}


def watched(records: Records, since: float = 0.0) -> Watch:
    """When somebody looked."""
    watch = _Watching()
    for start, seconds, _ in _hours_and_minutes(records, since, ""):
        watch.saw(start, seconds)
    return watch.done()


def hours_due(records: Records, now: float) -> list[Entry]:
    """Of all minutes of hours that are over, and of which there is no hour yet."""
    since = now - MINUTES_KEPT_S
    known = [start + HOUR_S for start, _, _ in records.each("hours", since, "")]
    since = max([since // HOUR_S * HOUR_S, *known])
    seconds: dict[int, int] = defaultdict(int)
    minutes: dict[int, dict[str, list[Stretch]]] = defaultdict(lambda: defaultdict(list))
    for start, each_s, found in records.each("minutes", since, None):
        hour = start // HOUR_S * HOUR_S
        if hour + HOUR_S <= now:
            seconds[hour] += each_s
            for name, each in found.items():
                minutes[hour][name].append(each)
    return [
        (hour, seconds[hour], {name: joined(parts, hour) for name, parts in minutes[hour].items()})
        for hour in sorted(seconds)
    ]


def _hours_and_minutes(records: Records, since: float, only: str | None) -> Iterator[Entry]:
    last = 0
    for start, seconds, found in records.each("hours", since, only):
        last = max(last, start + HOUR_S)
        yield start, seconds, found
    yield from records.each("minutes", max(since, last), only)


class _Watching:
    def __init__(self) -> None:
        self._first, self._last, self._seconds = 0, 0, 0
        self._days: set[int] = set()

    def saw(self, start: int, seconds: int) -> None:
        self._first = min(self._first or start, start)
        self._last = max(self._last, start + seconds)
        self._seconds += seconds
        self._days.add(start // DAY_S)

    def done(self) -> Watch:
        return Watch(self._first, self._last, self._seconds, frozenset(self._days))
