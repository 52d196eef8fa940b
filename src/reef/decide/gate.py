"""Whether a deploy goes on after a wave: what went wrong with the locations it has promoted, and is new. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Key = tuple[str, str]  # what failed (a sensor's or schedule's name, a method), and how (classes, gRPC status)


@dataclass(frozen=True)
class Trouble:
    """One thing that went wrong. `server`: a crash, a memory limit, a start that failed. `version` is None where no
    code server took the call. `at` is monotonic seconds."""

    kind: Literal["tick", "call", "server"]
    key: Key
    text: str
    version: str | None
    at: float


@dataclass(frozen=True)
class Watched:
    """A location that this deploy has promoted: from when on it counts, and how it failed before."""

    name: str
    version: str
    since: float
    known: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Soak:
    """One wave under watch, and those before it. `began` and `now` are seconds of one monotonic clock."""

    began: float
    soak_s: float
    watched: Sequence[Watched]
    refused: Mapping[str, str] = field(default_factory=dict)  # location of this wave -> why


@dataclass(frozen=True)
class Wait:
    """Look again, at the latest after so many seconds."""

    left_s: float


@dataclass(frozen=True)
class Pass:
    """The next wave may go."""


@dataclass(frozen=True)
class Halt:
    """Location -> what went wrong, for people."""

    reasons: Mapping[str, str]


def judge(soak: Soak, troubles: Mapping[str, Collection[Trouble]], now: float) -> Wait | Pass | Halt:
    """`troubles` are those of each location, in any order."""
    reasons = dict(soak.refused)
    for one in soak.watched:
        if (found := first_new(one, troubles.get(one.name, ()))) is not None:
            reasons.setdefault(one.name, found.text)
    if reasons:
        return Halt(reasons)
    left_s = soak.began + soak.soak_s - now
    return Wait(left_s) if left_s > 0 else Pass()


def first_new(one: Watched, troubles: Iterable[Trouble]) -> Trouble | None:
    """The earliest that counts: of this version, after it was promoted, and not what failed so before."""
    counted = [trouble for trouble in troubles if _counts(one, trouble)]
    return min(counted, key=lambda trouble: trouble.at, default=None)


def _counts(one: Watched, trouble: Trouble) -> bool:
    if trouble.at < one.since or trouble.version not in (None, one.version):
        return False
    return trouble.kind == "server" or trouble.key not in one.known
