"""How much memory and how many calls there were, over time: bounded, in memory, since the host started."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reef.notes import has_server

SAMPLE_S = 15.0
KEPT = 60  # samples of each location: a quarter of an hour
MOST_OF_FLEET = 480  # points of the whole fleet; beyond that every second one goes


@dataclass(frozen=True, slots=True)
class FleetPoint:
    """`used` and `standing` in bytes: what Reef and its children take, and what a server for each location would."""

    at: float
    used: int
    standing: int
    up: int


class Series:
    def __init__(self) -> None:
        self._fleet: list[FleetPoint] = []
        self._every = 1  # of how many samples one is kept of the fleet
        self._seen = 0
        self._memory: dict[str, array[int]] = {}
        self._calls: dict[str, array[int]] = {}
        self._counted: dict[str, int] = {}

    def add(self, at: float, status: Mapping[str, Any]) -> None:
        """One sample, of what `reef status` says."""
        rows = status["locations"]
        totals = status["totals"]
        up = sum(map(has_server, rows))
        self._add_point(FleetPoint(at, totals["reef_pss_bytes"], totals["standing_estimate_bytes"], up))
        for row in rows:
            name, calls = row["name"], row["calls"]
            _push(self._memory.setdefault(name, array("I")), row["pss_bytes"] >> 10)
            _push(self._calls.setdefault(name, array("I")), max(0, calls - self._counted.get(name, 0)))
            self._counted[name] = calls
        self._forget(row["name"] for row in rows)

    def fleet(self) -> tuple[FleetPoint, ...]:
        """Oldest first; further apart the longer the host runs."""
        return tuple(self._fleet)

    def memory(self, name: str) -> tuple[int, ...]:
        """KiB, oldest first, `SAMPLE_S` apart."""
        return tuple(self._memory.get(name, ()))

    def calls(self, name: str) -> tuple[int, ...]:
        """Calls that came in since the sample before."""
        return tuple(self._calls.get(name, ()))

    def _add_point(self, point: FleetPoint) -> None:
        if self._seen % self._every == 0:
            self._fleet.append(point)
        self._seen += 1
        if len(self._fleet) > MOST_OF_FLEET:
            self._fleet = self._fleet[::2]
            self._every *= 2

    def _forget(self, known: Iterable[str]) -> None:
        if len(self._counted) == len(names := set(known)):
            return
        for gone in self._counted.keys() - names:
            for kept in (self._memory, self._calls, self._counted):
                kept.pop(gone, None)


def _push(kept: array[int], value: int) -> None:
    kept.append(min(value, 0xFFFFFFFF))
    if len(kept) > KEPT:
        del kept[0]
