"""The doctor: what it finds in a corpus of planted causes, how near its memory is, what it takes beside a plain load.

Each location in fresh interpreters: examined by `reef doctor`'s own code, loaded plainly, and loaded plainly with each
planted cause removed. `--quick` takes every eighth location, and three beside which time is measured.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import measure
from report import Report, arguments, emit, setting_of

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "doctor"))

from doctor_cases import Case, Planted, cases, cured, written

from reef.doctor.examining import Wishes, examine
from reef.doctor.findings import Diagnosis, Loaded
from reef.doctor.loading import environ_of, load_once

SHARE_BAR, TIMES_BAR = 0.95, 3.0
NEAR_BYTES, NEAR = 2_000_000, 0.10
TIMED = (
    "from_import",
    "cheap_small_library",
    "two_libraries",
    "slow_import",
    "shared_dependency",
    "define_call",
)
QUICK = 8
T = TypeVar("T")


@dataclass(frozen=True)
class Took:
    """Processor and wall seconds, of the processes that were waited for."""

    cpu_s: float
    wall_s: float


def main() -> int:
    args = arguments((__doc__ or "").splitlines()[0], rounds=3).parse_args()
    report = Report("The doctor: what it finds, and what finding it takes", setting_of(args))
    with tempfile.TemporaryDirectory() as folder:
        corpus = written(Path(folder) / "corpus")
        every = cases(corpus)[:: QUICK if args.quick else 1]
        _judge_findings(every, corpus / "site-packages", Path(folder), args, report)
        timed = {case.name: case for case in cases(corpus)}
        for name in TIMED[: 3 if args.quick else len(TIMED)]:
            _time(timed[name], corpus / "site-packages", args, report)
    return emit(report, args)


def _judge_findings(
    every: list[Case], packages: Path, folder: Path, args: argparse.Namespace, report: Report
) -> None:
    planted = found = right = blamed = near = weighed = 0
    for case in every:
        measure.say(case.name)
        diagnosis = _examined(case, packages, args.python)
        lines = {(str(one.file), one.line) for one in case.planted}
        blamed += len(diagnosis.findings)
        right += sum((one.file, one.line) in lines for one in diagnosis.findings)
        planted += len(case.planted)
        told = {(one.file, one.line): one for one in diagnosis.findings}
        plain: int | None = None
        for number, one in enumerate(case.planted):
            finding = told.get((str(one.file), one.line))
            found += finding is not None
            if finding is None or not one.memory:
                continue
            plain = _private(case, packages, args.python) if plain is None else plain
            freed = plain - _without(case, one, packages, args.python, folder / f"{case.name}-{number}")
            error = abs(finding.costs.private_bytes - freed)
            weighed += 1
            near += error <= max(NEAR_BYTES, NEAR * freed)
            if error > max(NEAR_BYTES, NEAR * freed):
                report.notes.append(f"{case.name}: told {finding.costs.private_bytes:,}, freed {freed:,}")
    report.figure("corpus", "locations", len(every), "locations")
    report.figure("corpus", "planted causes", planted, "causes")
    report.at_least("causes found, at their line", found / max(1, planted), SHARE_BAR, "of all")
    report.at_least("of what is blamed, planted", right / max(1, blamed), SHARE_BAR, "of all")
    report.at_least("memory within 10 % or 2 MB of removing it", near / max(1, weighed), 1.0, "of all")


def _examined(case: Case, packages: Path, python: str) -> Diagnosis:
    return examine(case.location(python, packages), _environ(), Wishes()).diagnosis


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def _loaded(case: Case, packages: Path, python: str) -> Loaded:
    spec = case.location(python, packages)
    assert spec.code is not None
    return load_once(python, spec.code, spec.cwd, environ_of(spec, _environ()), location=case.name)


def _private(case: Case, packages: Path, python: str) -> int:
    loaded = _loaded(case, packages, python)
    assert not loaded.trouble, (case.name, loaded.trouble)
    return loaded.costs.private_bytes


def _without(case: Case, planted: Planted, packages: Path, python: str, into: Path) -> int:
    return _private(cured(case, planted, into), packages, python)


def _time(case: Case, packages: Path, args: argparse.Namespace, report: Report) -> None:
    """One after the other, so that both meet the same machine; the medians are compared."""
    _examined(case, packages, args.python)  # bytecode and page cache
    plain, examined = [], []
    for _ in range(args.rounds):
        plain.append(_took(lambda: _loaded(case, packages, args.python)))
        examined.append(_took(lambda: _examined(case, packages, args.python)))
    group = f"time: {case.name}"
    for what, unit in (("cpu_s", "processor s"), ("wall_s", "s")):
        alone = report.figure(group, f"plain load, {unit}", _median(plain, what), "s")
        doctor = report.figure(group, f"reef doctor, {unit}", _median(examined, what), "s")
        report.at_most(f"{case.name}: times a plain load, {unit}", doctor / alone, TIMES_BAR, "times")


def _median(took: list[Took], what: str) -> float:
    return statistics.median(float(getattr(one, what)) for one in took)


def _took(work: Callable[[], T]) -> Took:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    work()
    after, wall_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - started
    return Took(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall_s)


if __name__ == "__main__":
    sys.exit(main())
