"""Whether a gateway may get calls. Pure: facts in, what is missing out."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from reef.words import count

ALONE_S = 15.0
MOST_NAMES = 5


@dataclass(frozen=True)
class Facts:
    """`must_show`: locations of which the cluster says that a version is served. `silent_s`: for how long no controller
    has spoken to this process. `unresolved`: frozen, and nobody said in time which version is served."""

    stopping: bool = False
    settled: bool = True
    welcomed: bool = False
    silent_s: float = 0.0
    knows_locations: bool = True
    must_show: Collection[str] = ()
    shown: Collection[str] = ()
    unresolved: Collection[str] = ()


def missing(facts: Facts) -> tuple[str, ...]:
    """One line for each reason against it; none: ready."""
    if facts.stopping:
        return ("it is stopping",)
    lines = []
    if not facts.settled:
        lines.append("not every location is listened for yet")
    if facts.unresolved:
        lines.append(f"between two versions: {_names(facts.unresolved)}")
    if not facts.welcomed:
        lines += _unwelcomed(facts)
    return tuple(lines)


def _unwelcomed(facts: Facts) -> list[str]:
    if facts.silent_s < ALONE_S:
        return ["the controller has not said yet that it has told everything"]
    lacking = sorted(set(facts.must_show) - set(facts.shown))
    if lacking:
        return [f"no controller speaks to it, and it does not know what is served of {_names(lacking)}"]
    if not facts.knows_locations:
        return ["no controller speaks to it, and it does not know which locations there are"]
    return []


def _names(names: Collection[str]) -> str:
    first = ", ".join(sorted(names)[:MOST_NAMES])
    more = len(names) - MOST_NAMES
    return f"{first} and {count(more, 'other')}" if more > 0 else first
