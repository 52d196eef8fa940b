"""What a deploy does next, from what it has done: the same whether its host went on or was started anew. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal

from reef.decide.waves import Waves

Outcome = Literal["finished", "halted", "abandoned"]


@dataclass(frozen=True)
class Standing:
    """How far a deploy has come. `done`: location -> promoted, unchanged, refused or failed; `passed`: waves whose
    gate let them pass."""

    waves: Waves
    waved: bool = True  # False for one wave without a gate: nothing waits, nothing is watched
    rolls_back: bool = False
    pinned: bool = False
    done: Mapping[str, str] = field(default_factory=dict)
    passed: int = 0
    halted: bool = False
    abandoned: bool = False
    rolled_back: Collection[str] = ()  # or tried to
    settled: bool = False

    @property
    def locations(self) -> tuple[str, ...]:
        return tuple(name for wave in self.waves for name in wave)

    @property
    def promoted(self) -> tuple[str, ...]:
        return tuple(name for name in self.locations if self.done.get(name) == "promoted")

    @property
    def not_reached(self) -> tuple[str, ...]:
        return tuple(name for name in self.locations if name not in self.done)


@dataclass(frozen=True)
class PinAll:
    """Every location stays at what it serves until its turn, whoever calls it meanwhile."""


@dataclass(frozen=True)
class PromoteWave:
    """Probe and promote these, together. `wave` counts from 0."""

    wave: int
    locations: tuple[str, ...]


@dataclass(frozen=True)
class WatchWave:
    """The gate after a wave."""

    wave: int


@dataclass(frozen=True)
class TakeBack:
    """These go back to what they served before the deploy."""

    locations: tuple[str, ...]


@dataclass(frozen=True)
class Settle:
    """Say of the locations that were not reached what becomes of them."""

    locations: tuple[str, ...]


@dataclass(frozen=True)
class End:
    outcome: Outcome


Step = PinAll | PromoteWave | WatchWave | TakeBack | Settle | End


def next_step(now: Standing) -> Step:
    """Every step can be done again: one that was cut off is the next one."""
    if not (now.abandoned or now.halted):
        return _forwards(now)
    if now.rolls_back and not now.abandoned and (left := _left(now)):
        return TakeBack(left)
    if now.waved and not now.settled and now.not_reached:
        return Settle(now.not_reached)
    return End("abandoned" if now.abandoned else "halted")


def _forwards(now: Standing) -> Step:
    if now.waved and not now.pinned:
        return PinAll()
    if now.passed >= len(now.waves):
        return End("finished")
    missing = tuple(name for name in now.waves[now.passed] if name not in now.done)
    return PromoteWave(now.passed, missing) if missing else WatchWave(now.passed)


def _left(now: Standing) -> tuple[str, ...]:
    return tuple(name for name in reversed(now.promoted) if name not in now.rolled_back)
