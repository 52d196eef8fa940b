"""What a process of Reef answers at `/metrics`, no more of it than the page shows. Pure.

A gateway of hundreds of locations says tens of thousands of lines, most of them buckets of histograms. The samples of a
metric stand together below its name, so what nobody shows is passed over as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from reef.metrics import of_hosts, of_locations, of_pods
from reef.metrics.definitions import METRICS
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
FORWARDED = (
    "forwarded"  # the lane of calls that needed a server; those that are answered without one are thousands
)
_LABELS = r'((?:[^"}]|"(?:[^"\\]|\\.)*")*)'


def _line(name: str, labels: str = _LABELS, value: str = r"(?!0$)(\S+)") -> re.Pattern[bytes]:
    return re.compile(rf"^({name})\{{{labels}\}} {value}$".encode(), re.MULTILINE)


_PATTERNS: dict[str, re.Pattern[bytes]] = {each.name: _line(each.name) for each in (*GAUGES, *COUNTERS)} | {
    of_locations.STATE.name: _line(of_locations.STATE.name, value="(1)"),
    of_locations.CALLS.name: _line(of_locations.CALLS.name, rf'([^\n]*lane="{FORWARDED}"[^\n]*)'),
    of_locations.COLD_START.name: _line(f"{COLD_SUM}|{COLD_COUNT}"),
}
# In the order in which a process says them, so that each is looked for behind the one before.
_BLOCKS = {each.name: _PATTERNS[each.name] for each in METRICS if each.name in _PATTERNS}
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")


@dataclass(frozen=True, slots=True)
class Sample:
    """`location` "" is the process itself; `by` are the values of the labels that are not the location's."""

    metric: str
    location: str
    by: tuple[str, ...]
    value: float


class Reader:
    """Of one process. What it says of a metric is mostly what it said before: then it is not read again."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[int, tuple[Sample, ...]]] = {}

    def samples(self, text: bytes) -> Iterator[Sample]:
        """Those that are not 0; of a location's states the one that it is in, of calls those that needed a server."""
        at = 0
        for metric, line in _BLOCKS.items():
            begins = text.find(f"# TYPE {metric} ".encode(), at)
            if begins < 0:
                self._known.pop(metric, None)
                continue
            at = text.find(b"\n# ", begins + 1)
            block = text[begins:] if at < 0 else text[begins:at]
            said, known = hash(block), self._known.get(metric)
            if known is None or known[0] != said:
                known = self._known[metric] = (said, tuple(_samples(block, line)))
            yield from known[1]
            at = begins if at < 0 else at


def _samples(block: bytes, line: re.Pattern[bytes]) -> Iterator[Sample]:
    for name, labels, value in line.findall(block):
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
