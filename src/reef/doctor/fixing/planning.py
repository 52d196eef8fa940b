"""What the files would be with one cause cured. Pure but for asking `around` what other files say."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reef.doctor.fixing.lines import line_now
from reef.doctor.fixing.model import Around, Moved, Refused
from reef.doctor.fixing.moving import move
from reef.doctor.fixing.wanted import At, HeavyModule


@dataclass(frozen=True)
class Step:
    """One statement that moves. `line` is that of the diagnosis."""

    file: str
    line: int
    moved: Moved


@dataclass(frozen=True)
class Planned:
    """`contents`: file -> what it would hold."""

    steps: tuple[Step, ...]
    contents: Mapping[str, bytes]


@dataclass(frozen=True)
class NotPlanned:
    reason: str
    file: str
    line: int


def plan(
    cause: HeavyModule,
    diagnosed: Callable[[str], bytes],
    current: Callable[[str], bytes],
    around: Callable[[str], Around],
) -> Planned | NotPlanned:
    """`diagnosed`: what a file held when its lines were told; `current`: what it holds now, with cures
    before this one. Whatever those two raise passes through."""
    contents: dict[str, bytes] = {}
    steps: list[Step] = []
    for at in cause.statements:
        done = _step(at, cause.module, diagnosed, lambda file: contents.get(file) or current(file), around)
        if isinstance(done, NotPlanned):
            return done
        steps.append(done)
        contents[at[0]] = done.moved.source
    return Planned(tuple(steps), contents)


def _step(
    at: At,
    module: str,
    diagnosed: Callable[[str], bytes],
    current: Callable[[str], bytes],
    around: Callable[[str], Around],
) -> Step | NotPlanned:
    file, line = at
    now = line_now(diagnosed(file), current(file), line)
    if now is None:
        return NotPlanned("another move has changed this statement; run it once more", file, line)
    modules = (module.lstrip("."),) if module.lstrip(".") else ()
    is_package = os.path.basename(file) == "__init__.py"
    done = move(current(file), now, modules, around(file), is_package=is_package)
    if isinstance(done, Refused):
        there = line_now(current(file), diagnosed(file), done.line)
        return NotPlanned(done.reason, file, there or line)
    return Step(file, line, done)
