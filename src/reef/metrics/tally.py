"""What was counted so far: numbers by metric and labels, for each location and for the host."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from reef.metrics import of_hosts, of_locations
from reef.metrics.metric import Metric

Key = tuple[str, ...]
"""The metric's name, then the values of its own labels."""
MOST_SERIES = 128  # of one location; a whole day of Dagster's calls makes some thirty
# Said before it first happens: of a series that begins with 1 nobody sees the increase.
FROM_ZERO: tuple[Key, ...] = (
    (of_locations.CRASHES.name, "signal"),
    (of_locations.CRASHES.name, "exit"),
    (of_locations.WAKE_FAILURES.name,),
    (of_locations.OVER_LIMIT.name,),
    (of_locations.CONNECTIONS_REFUSED.name,),
)
OTHER = "other"


@dataclass
class Counted:
    """Of one location, or of the host. A histogram: its buckets, each for itself, what is above, the sum."""

    numbers: dict[Key, float] = field(default_factory=dict)
    histograms: dict[Key, list[float]] = field(default_factory=dict)


class Tally:
    """Changed on the event loop alone; a thread may read it at any moment (`list(dict.items())` is one step)."""

    def __init__(self) -> None:
        self.host = Counted()
        self._of: dict[str, Counted] = {}

    def of(self, location: str) -> Counted:
        found = self._of.get(location)
        if found is None:  # in one step: a scrape's thread may ask too
            found = self._of.setdefault(location, Counted(dict.fromkeys(FROM_ZERO, 0.0)))
        return found

    def forget(self, location: str) -> None:
        """Nobody asks for it any more."""
        self._of.pop(location, None)

    def known(self) -> tuple[str, ...]:
        return tuple(self._of)

    def add(self, counted: Counted, metric: Metric, *values: str, number: float = 1.0) -> None:
        numbers = counted.numbers
        key = (metric.name, *values)
        if key not in numbers and len(numbers) >= MOST_SERIES:
            key = (metric.name, *(OTHER for _ in values))
            self._note_merged()
        numbers[key] = numbers.get(key, 0.0) + number

    def observe(self, counted: Counted, metric: Metric, *values: str, seconds: float) -> None:
        histograms = counted.histograms
        key = (metric.name, *values)
        found = histograms.get(key)
        if found is None:
            if len(histograms) >= MOST_SERIES:
                self._note_merged()
                return
            found = histograms[key] = [0.0] * (len(metric.buckets) + 2)
        found[bisect_left(metric.buckets, seconds)] += 1
        found[-1] += seconds

    def _note_merged(self) -> None:
        numbers = self.host.numbers
        key = (of_hosts.MERGED.name,)
        numbers[key] = numbers.get(key, 0.0) + 1
