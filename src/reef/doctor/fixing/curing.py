"""The cure: one cause after the other is planned, proved, and only then written. Blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reef.doctor.findings import Diagnosis
from reef.doctor.fixing.facts import modules_at
from reef.doctor.fixing.files import NotEditable, Original, read_original
from reef.doctor.fixing.lines import unified
from reef.doctor.fixing.measuring import Bench
from reef.doctor.fixing.model import Around
from reef.doctor.fixing.neighbours import Neighbours, TooManyFiles
from reef.doctor.fixing.outcome import Change, Cured, Into, Outcome
from reef.doctor.fixing.planning import NotPlanned, Planned, Step, plan
from reef.doctor.fixing.proof import is_promise
from reef.doctor.fixing.proving import Prover, Undone
from reef.doctor.fixing.wanted import HeavyModule, causes_in
from reef.words import describe


@dataclass(frozen=True)
class Surroundings:
    """`roots`: folders whose files may change, real paths. `importers`: which locations load a file.
    `stars`: of a file's line, module -> the names that `import *` brings there, nothing where nobody knows.
    `folder`: paths are shown relative to it."""

    roots: tuple[str, ...]
    neighbours: Neighbours
    importers: Callable[[str], Iterable[str]]
    stars: Callable[[Original, int], Mapping[str, tuple[str, ...]]]
    folder: str


@dataclass
class Cure:
    """`bench` is None where nothing is loaded: then nothing is written either, and all is planned alone."""

    surroundings: Surroundings
    bench: Bench | None
    tell: Callable[[str], None] = lambda _: None
    jobs: int = 1
    _originals: dict[str, Original] = field(default_factory=dict)
    _contents: dict[str, bytes] = field(default_factory=dict)

    def run(self, diagnoses: Sequence[Diagnosis]) -> Cured:
        outcomes = tuple(self._one(cause) for cause in causes_in(diagnoses))
        return Cured(outcomes=outcomes, diff=self._diff())

    def _one(self, cause: HeavyModule) -> Outcome:
        first = cause.statements[0]
        self.tell(f"{self._shown(first[0])}:{first[1]}: {cause.module}")
        try:
            planned = self._planned(cause)
        except NotEditable as why:
            return _left(cause, "refused", describe(why))
        except TooManyFiles:
            return _left(cause, "refused", "its project has too many files to see who uses the module")
        if isinstance(planned, NotPlanned):
            return _left(cause, "refused", planned.reason, (planned.file, planned.line))
        return self._planned_only(cause, planned) if self.bench is None else self._proved(cause, planned)

    def _planned(self, cause: HeavyModule) -> Planned | NotPlanned:
        if not any(map(is_promise, cause.promised.values())):
            return NotPlanned("what it would save is too little to be proved", *cause.statements[0])
        real = tuple((os.path.realpath(file), line) for file, line in cause.statements)

        def around(file: str, line: int) -> Around:
            original, neighbours = self._original(file), self.surroundings.neighbours
            riders = neighbours.riders(modules_at(original.content, line), file)
            stars = self.surroundings.stars(original, line)
            return replace(neighbours.around(file), star_names=stars, riders=riders)

        found = replace(cause, statements=real)
        return plan(found, lambda file: self._original(file).content, self._now, around)

    def _original(self, file: str) -> Original:
        """As it was when the diagnosis told its lines. Raises NotEditable."""
        if file not in self._originals:
            self._originals[file] = read_original(file, self.surroundings.roots)
        return self._originals[file]

    def _now(self, file: str) -> bytes:
        return self._contents.get(file, self._original(file).content)

    def _planned_only(self, cause: HeavyModule, planned: Planned) -> Outcome:
        self._contents |= planned.contents
        return Outcome(module=cause.module, status="planned", changes=_changes(planned))

    def _proved(self, cause: HeavyModule, planned: Planned) -> Outcome:
        assert self.bench is not None
        prover = Prover(self.bench, self.surroundings.importers, self.jobs)
        current = {file: replace(self._original(file), content=self._now(file)) for file in planned.contents}
        try:
            proved = prover.prove(cause, planned.contents)
            prover.write(current, planned.contents)
        except Undone as why:
            return _left(cause, "undone", describe(why), changes=_changes(planned))
        except NotEditable as why:
            return _left(cause, "refused", describe(why))
        self._contents |= planned.contents
        for file in planned.contents:
            self.surroundings.neighbours.forget(file)
        return Outcome(module=cause.module, status="moved", changes=_changes(planned), proved=proved)

    def _diff(self) -> str:
        return "".join(
            unified(self._shown(file).lstrip("/"), self._original(file).content, content)
            for file, content in sorted(self._contents.items())
        )

    def _shown(self, file: str) -> str:
        folder = self.surroundings.folder
        return os.path.relpath(file, folder) if file.startswith(f"{folder}/") else file


def _left(
    cause: HeavyModule,
    status: str,
    reason: str,
    at: tuple[str, int] | None = None,
    changes: tuple[Change, ...] = (),
) -> Outcome:
    file, line = at or cause.statements[0]
    return Outcome(
        module=cause.module,
        status="undone" if status == "undone" else "refused",
        changes=changes,
        reason=reason,
        file=file,
        line=line,
    )


def _changes(planned: Planned) -> tuple[Change, ...]:
    return tuple(_change(step) for step in planned.steps)


def _change(step: Step) -> Change:
    moved = step.moved
    return Change(
        file=step.file,
        line=step.line,
        names=moved.names,
        into=tuple(Into(place.function, place.line) for place in moved.places),
        typing_only=moved.typing_only,
        offered=moved.offered,
        kept=tuple(f"{one.name} stays: {one.reason}" for one in moved.kept),
        warnings=moved.warnings,
    )
