"""What is set now, and what a proposal is."""

from __future__ import annotations

import math
from dataclasses import dataclass

MIB = 1 << 20
GIB = 1 << 30


@dataclass(frozen=True)
class Has:
    """What a location requests now; None where nothing is set. Bytes, cores. `placement` in the words of where that
    is set: packed, on_demand, standing, external, auto."""

    memory_request: float | None = None
    memory_limit: float | None = None
    cpu_request: float | None = None
    cpu_limit: float | None = None
    placement: str | None = None


@dataclass(frozen=True)
class Figure:
    """One setting: what it is to be, and why. `value` is None where it stays as it is."""

    value: float | str | None
    why: str


@dataclass(frozen=True)
class Proposal:
    """`none_because` says why nothing at all is proposed."""

    memory_request: Figure
    memory_limit: Figure
    cpu_request: Figure
    placement: Figure
    none_because: str | None = None

    @property
    def changes(self) -> bool:
        figures = (self.memory_request, self.memory_limit, self.cpu_request, self.placement)
        return any(each.value is not None for each in figures)


def nothing(why: str, placement: Figure | None = None) -> Proposal:
    none = Figure(None, why)
    return Proposal(none, none, none, placement or none, why)


def memory_up(wanted: float) -> int:
    """The next size that people would write: by 16 MiB up to 1 GiB, by 64 MiB up to 8 GiB, by 256 MiB beyond."""
    step = 16 * MIB if wanted <= GIB else 64 * MIB if wanted <= 8 * GIB else 256 * MIB
    return math.ceil(wanted / step) * step


def cpu_up(wanted: float) -> float:
    """Cores, by 5m up to 100m, by 10m up to 1, by 100m beyond."""
    step = 5 if wanted <= 0.1 else 10 if wanted <= 1 else 100
    return math.ceil(round(wanted * 1000, 3) / step) * step / 1000


def is_close(now: float | None, wanted: float, least: float) -> bool:
    """Whether a change is not worth the trouble: a tenth, or less than `least`."""
    return now is not None and abs(now - wanted) <= max(0.1 * now, least)


def memory_text(size: float) -> str:
    """As people say it: `812 MiB`, `3.2 GiB`."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / MIB:.0f} MiB"


def cores_text(cores: float) -> str:
    """As Kubernetes says it: `35m`, `1.2`."""
    return f"{cores:g}" if cores >= 1 else f"{math.ceil(round(cores * 1000, 3))}m"
