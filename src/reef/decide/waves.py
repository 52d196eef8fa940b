"""Which locations a deploy promotes together, and in which order. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reef.fleet.model import DeploySpec, WaveEnd

MEMORY_STEP = 64 << 20


@dataclass(frozen=True)
class WaveFacts:
    """What the order of the waves goes by. `definitions` is how many, `private_bytes` what a warm one takes."""

    name: str
    owner: str | None = None
    definitions: int = 0
    private_bytes: int = 0


Waves = tuple[tuple[str, ...], ...]


def waves(locations: Iterable[WaveFacts], spec: DeploySpec) -> Waves:
    """Every location exactly once, no wave empty. The canaries are a wave of their own; a wave that the ones before
    it have filled already is left out; what the last end leaves is one more wave."""
    rest = {one.name: one for one in locations}
    total = len(rest)
    canary = tuple(name for name in dict.fromkeys(spec.canary) if name in rest)
    ordered = _ordered([one for name, one in rest.items() if name not in canary], spec)
    found = [canary] if canary else []
    at = 0
    for end in (*spec.ends, WaveEnd(100, percent=True)):
        until = _until(ordered, _count(end, total) - len(canary), spec)
        if until > at:
            found.append(tuple(one.name for one in ordered[at:until]))
            at = until
    return tuple(found)


def _count(end: WaveEnd, total: int) -> int:
    """A share is rounded up: 10% of three is one."""
    count = math.ceil(round(total * end.number / 100, 6)) if end.percent else int(end.number)
    return min(total, count)


def _ordered(locations: Sequence[WaveFacts], spec: DeploySpec) -> list[WaveFacts]:
    if spec.order == "size":
        return sorted(locations, key=_size)
    sizes = Counter(_owner(one) for one in locations)
    return sorted(
        locations, key=lambda one: (one.owner is None, sizes[_owner(one)], _owner(one), *_size(one))
    )


def _size(one: WaveFacts) -> tuple[int, int, str]:
    """Memory counts only where it differs much: the order is to be the same each time."""
    return one.definitions, one.private_bytes // MEMORY_STEP, one.name


def _owner(one: WaveFacts) -> str:
    """Locations of nobody belong together with nobody."""
    return one.owner if one.owner is not None else f"\0{one.name}"


def _until(ordered: Sequence[WaveFacts], count: int, spec: DeploySpec) -> int:
    """Where owners come together, a wave ends with the owner in whose locations it would have ended."""
    count = max(0, min(count, len(ordered)))
    while (
        spec.order == "owner"
        and 0 < count < len(ordered)
        and _owner(ordered[count]) == _owner(ordered[count - 1])
    ):
        count += 1
    return count
