"""Stretches of many locations as columns of whole numbers, which compress well, and back.

Of each number the first eight bits are kept, rounded up: it is up to 0.8 % too high, and never too low.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reef.decide.sizing.stretches import Spread, Stretch

_BITS = 8
_KIB = 1024
_CORES = 10_000  # a tenth of a thousandth of a core
_COLUMNS: dict[str, tuple[Callable[[Stretch], float], int]] = {
    "awake": (lambda each: each.awake_s, 1),
    "own50": (lambda each: each.own.p50, _KIB),
    "own95": (lambda each: each.own.p95, _KIB),
    "own": (lambda each: each.own.peak, _KIB),
    "whole50": (lambda each: each.whole.p50, _KIB),
    "whole95": (lambda each: each.whole.p95, _KIB),
    "whole": (lambda each: each.whole.peak, _KIB),
    "pss": (lambda each: each.pss, _KIB),
    "cpu50": (lambda each: each.cpu.p50, -_CORES),
    "cpu95": (lambda each: each.cpu.p95, -_CORES),
    "cpu": (lambda each: each.cpu.peak, -_CORES),
    "cpu_s": (lambda each: each.cpu_s, -1000),
    "busy": (lambda each: each.busy_s, 1),
    "calls": (lambda each: each.calls, 1),
    "wakes": (lambda each: each.wakes, 1),
    "probes": (lambda each: each.probes, 1),
    "kills": (lambda each: each.kills, 1),
    "killed_at": (lambda each: each.killed_at, _KIB),
}
"""Name of a column -> what is in it, and its unit: bytes are divided by it; a negative one multiplies."""


def packed(stretches: Mapping[int, Stretch]) -> dict[str, list[int]]:
    """By the number of a location. A column of nothing but 0 is left out."""
    found = {"id": list(stretches)}
    for name, (value, unit) in _COLUMNS.items():
        column = [_stored(value(each), unit) for each in stretches.values()]
        if any(column):
            found[name] = column
    return found


def unpacked(
    columns: Mapping[str, Sequence[int]], start: int, only: int | None
) -> Iterator[tuple[int, Stretch]]:
    """By the number of a location, all or `only` one."""
    numbers = columns["id"]
    rows = range(len(numbers)) if only is None else [numbers.index(only)] if only in numbers else []
    for row in rows:
        yield numbers[row], _stretch({name: column[row] for name, column in columns.items()}, start)


def _stored(value: float, unit: int) -> int:
    whole = -(-round(value) // unit) if unit > 0 else math.ceil(round(value * -unit, 3))
    spare = max(0, whole.bit_length() - _BITS)
    return -(-whole >> spare) << spare


def _stretch(row: Mapping[str, int], start: int) -> Stretch:
    def read(name: str) -> Any:
        unit = _COLUMNS[name][1]
        return row.get(name, 0) * unit if unit > 0 else row.get(name, 0) / -unit

    return Stretch(
        start=start,
        awake_s=read("awake"),
        own=Spread(read("own50"), read("own95"), read("own")),
        whole=Spread(read("whole50"), read("whole95"), read("whole")),
        pss=read("pss"),
        cpu=Spread(read("cpu50"), read("cpu95"), read("cpu")),
        cpu_s=read("cpu_s"),
        busy_s=read("busy"),
        calls=read("calls"),
        wakes=read("wakes"),
        probes=read("probes"),
        kills=read("kills"),
        killed_at=read("killed_at"),
    )
