"""A cure over simulated loads: `Loads` is a fake of Dagster's, by which modules a source imports at module level."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from reef.doctor.findings import Costs, Diagnosis, Finding, Loaded, Place, Trouble
from reef.doctor.fixing.curing import Cure, Surroundings
from reef.doctor.fixing.measuring import Bench
from reef.doctor.fixing.neighbours import neighbours_of
from reef.doctor.fixing.outcome import Cured, Outcome
from reef.fleet.model import Location

MB = 1_000_000
PLAIN = "import heavy\n\n\ndef f():\n    return heavy.parse(1)\n"


@dataclass
class Loads:
    """Simulated: a location costs 60 MB and 1 s for each file that imports `heavy` at module level, once
    together."""

    files: Mapping[str, tuple[Path, ...]]
    digest: Callable[[str, Mapping[str, str]], str] = lambda name, instead: f"digest of {name}"
    seconds: float = 1.0
    trouble: str = ""
    count: int = 0
    seen: list[str] = field(default_factory=list)

    def __call__(self, spec: Location, instead: Mapping[str, str]) -> Loaded:
        self.seen.append(spec.name)
        self.count += 1
        texts = [Path(instead.get(str(file), str(file))).read_text() for file in self.files[spec.name]]
        heavy = any(brings_heavy(text) for text in texts)
        trouble = (Trouble(kind="error", message=self.trouble),) if self.trouble and instead else ()
        return Loaded(
            definitions_digest=self.digest(spec.name, instead),
            costs=Costs(wall_s=2.0 + self.seconds * heavy, private_bytes=(100 + 60 * heavy) * MB),
            trouble=trouble,
        )


def brings_heavy(text: str) -> bool:
    return any(
        "heavy" in ast.unparse(node)
        for node in ast.parse(text).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    )


def finding(
    file: Path, line: int = 1, *, location: str = "one", also: tuple[Path, ...] = (), promised: int = 60 * MB
) -> Finding:
    return Finding(
        location=location,
        kind="import",
        file=str(file),
        line=line,
        module="heavy",
        statement="import heavy",
        costs=Costs(),
        needed="run",
        why_needed="",
        cure="",
        saving_bytes=promised,
        saving_s=1.0,
        shared_with=tuple(Place(str(other), 1, "heavy") for other in also),
    )


def diagnosed(*findings: Finding) -> Diagnosis:
    return Diagnosis(
        location=findings[0].location, load=Costs(), own=Costs(), definitions={}, findings=findings
    )


def cure(
    folder: Path,
    loads: Loads | None,
    *diagnoses: Diagnosis,
    importers: Callable[[str], list[str]] = lambda _: [],
) -> Cured:
    names = [diagnosis.location for diagnosis in diagnoses]
    specs = {name: Location(name) for name in (*names, *(loads.files if loads else ()))}
    real = os.path.realpath(folder)
    around = Surroundings((real,), neighbours_of((real,)), importers, lambda original, line: {}, real)
    return Cure(around, Bench(loads, specs) if loads else None).run(diagnoses)


def only(cured: Cured) -> Outcome:
    (outcome,) = cured.outcomes
    return outcome
