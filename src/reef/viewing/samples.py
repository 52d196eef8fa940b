"""What a process of Reef answers at `/metrics`, no more of it than the page shows. Pure.

A gateway of hundreds of locations says tens of thousands of lines. Most are buckets of histograms, or 0: one regular
expression passes over them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from reef.metrics import of_hosts, of_locations, of_pods
from reef.metrics.metric import Metric

GAUGES: tuple[Metric, ...] = (
    of_locations.PRIVATE,
    of_locations.PSS,
    of_locations.RESIDENT,
    of_locations.PEAK,
    of_locations.LIMIT,
    of_locations.DRAINING,
    of_locations.WOKEN_AT,
    of_locations.RECORDED_AT,
    of_locations.IN_FLIGHT,
    of_pods.POD_MEMORY_LIMIT,
    of_hosts.ZYGOTES,
    of_hosts.ZYGOTES_PSS,
    of_hosts.PROCESS_PSS,
    of_hosts.LEADS,
)
COUNTERS: tuple[Metric, ...] = (
    of_locations.CPU,
    of_locations.WAKES,
    of_locations.WAKE_FAILURES,
    of_locations.SLEEPS,
    of_locations.CRASHES,
    of_locations.OVER_LIMIT,
    of_locations.CONNECTIONS_REFUSED,
    of_locations.CALLS,
    of_locations.TICKS,
)
COLD_SUM, COLD_COUNT = (f"{of_locations.COLD_START.name}_{part}" for part in ("sum", "count"))
_NAMES = "|".join([*(each.name for each in (*GAUGES, *COUNTERS)), COLD_SUM, COLD_COUNT])
_LABELS = rb'((?:[^"}]|"(?:[^"\\]|\\.)*")*)'
_LINE = re.compile(
    rb"^(" + _NAMES.encode() + rb"|" + of_locations.STATE.name.encode() + rb"(?=\{[^\n]* 1$))\{" + _LABELS
    # Of calls those that needed a server.
    + rb"\} (?!0$)(\S+)$",
    re.MULTILINE,
)  # fmt: skip
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Sample:
    """`location` "" is the process itself; `by` are the values of the labels that are not the location's."""

    metric: str
    location: str
    by: tuple[str, ...]
    value: float


def samples(text: bytes) -> Iterator[Sample]:
    """Those that are not 0; of a location's states the one that it is in."""
    for name, labels, value in _LINE.findall(text):
        location, by = _read(labels)
        yield Sample(_interned(name), location, by, float(value))


@lru_cache(maxsize=256)
def _interned(name: bytes) -> str:
    return name.decode()


@lru_cache(maxsize=65_536)
def _read(labels: bytes) -> tuple[str, tuple[str, ...]]:
    """Most are the same at each look."""
    found = [(name, _unescaped(value)) for name, value in _LABEL.findall(labels.decode(errors="replace"))]
    location = next((value for name, value in found if name == "location"), "")
    return location, tuple(value for name, value in found if name not in ("location", "owner"))


def _unescaped(value: str) -> str:
    return _ESCAPED.sub(lambda found: "\n" if found[1] == "n" else found[1], value)


def by_location(found: Iterable[Sample]) -> dict[str, list[Sample]]:
    """Those of the process itself are under ""."""
    grouped: dict[str, list[Sample]] = {}
    for each in found:
        grouped.setdefault(each.location, []).append(each)
    return grouped
