"""What the files would be with one cause cured. Pure but for asking `around` what other files say."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from reef.doctor.fixing.facts import taking_line
from reef.doctor.fixing.lines import line_now
from reef.doctor.fixing.model import Around, Moved, Refused, Taken
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


@dataclass(frozen=True)
class _Files:
    """`diagnosed`: what a file held when its lines were told; `current`: what it holds now, with cures before this
    one. Whatever those two raise passes through."""

    diagnosed: Callable[[str], bytes]
    current: Callable[[str], bytes]
    around: Callable[[str, int], Around]
    planned: dict[str, bytes] = field(default_factory=dict)

    def now(self, file: str) -> bytes:
        return self.planned.get(file) or self.current(file)

    def move(self, file: str, line: int, now: int, module: str) -> Step | NotPlanned:
        """`line`: as diagnosed; `now`: the same statement's in what the file holds."""
        is_package = os.path.basename(file) == "__init__.py"
        modules = (module,) if module else ()
        done = move(self.now(file), now, modules, self.around(file, line), is_package=is_package)
        if isinstance(done, Refused):
            there = line_now(self.now(file), self.diagnosed(file), done.line)
            return NotPlanned(done.reason, file, there or line)
        self.planned[file] = done.source
        return Step(file, line, done)


def plan(
    cause: HeavyModule,
    diagnosed: Callable[[str], bytes],
    current: Callable[[str], bytes],
    around: Callable[[str, int], Around],
) -> Planned | NotPlanned:
    """The statements of the cause, and then those that take a name from a module that brings it only when asked."""
    files = _Files(diagnosed, current, around)
    steps: list[Step] = []
    for at in cause.statements:
        waiting: list[Callable[[], Step | NotPlanned | None]] = [partial(_blamed, at, cause.module, files)]
        while waiting:
            done = waiting.pop(0)()
            if isinstance(done, NotPlanned):
                return done
            if done is not None:
                steps.append(done)
                waiting += [partial(_taking, name, one, files) for name, one in _takers(done, files)]
    return Planned(tuple(steps), files.planned)


def _blamed(at: At, module: str, files: _Files) -> Step | NotPlanned:
    file, line = at
    now = line_now(files.diagnosed(file), files.now(file), line)
    if now is None:
        return NotPlanned("another move has changed this statement; run it once more", file, line)
    return files.move(file, line, now, module.lstrip("."))


def _takers(done: Step, files: _Files) -> list[tuple[str, Taken]]:
    if not done.moved.offered:
        return []
    by = files.around(done.file, done.line).taken_by
    return [(name, one) for name in done.moved.offered for one in by.get(name, ())]


def _taking(name: str, taken: Taken, files: _Files) -> Step | NotPlanned | None:
    """None where it takes the name no more."""
    file, source = taken.file, files.now(taken.file)
    now = taking_line(source, taken.module, name)
    if now is None:
        return None
    line = line_now(source, files.diagnosed(file), now) or now
    return files.move(file, line, now, f"{taken.module.lstrip('.')}.{name}".lstrip("."))
