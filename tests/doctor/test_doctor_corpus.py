"""Planted causes: who is found, at which line, and whether what is attributed is what removing it frees.

All cases are forks of one process that has imported the real Dagster: what a fresh interpreter for each would find is
measured for some here, and for all by `benchmarks/doctor.py`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doctor_cases import Case, Planted, cases, cured, written

from deadlines import scaled
from reef.doctor.examining import Wishes, examine_in
from reef.doctor.findings import Diagnosis, Finding
from reef.doctor.guest_process import GuestProcess
from reef.doctor.loading import environ_of, load_once, target_of

LEAST_CASES = 60
SHARE = 0.95
NEAR_BYTES, NEAR = 2_000_000, 0.10
EVERY, FRESH = 4, ("shared_dependency_files",)


class Corpus:
    """Every location of the corpus, examined once."""

    def __init__(self, folder: Path) -> None:
        self.folder = written(folder / "corpus")
        self.packages = self.folder / "site-packages"
        self.cases = {case.name: case for case in cases(self.folder)}
        env = {**os.environ, "PYTHONPATH": str(self.packages)}
        self.guest = GuestProcess(sys.executable, str(folder), env)
        self.found = {name: self._examined(case) for name, case in self.cases.items()}

    def _examined(self, case: Case) -> Diagnosis:
        spec = case.location(sys.executable, self.packages)
        wishes = Wishes(timeout_s=scaled(60))
        become = {"cwd": spec.cwd, "env": dict(spec.env)}
        return examine_in(self.guest, spec, wishes, time.perf_counter(), become).diagnosis

    def private_bytes(self, case: Case) -> int:
        """Of a fork that loads it, with nothing patched."""
        spec = case.location(sys.executable, self.packages)
        assert spec.code is not None
        request = {"do": "load", "roots": [], "target": target_of(spec.code), "location": case.name}
        request |= {"cwd": spec.cwd, "env": dict(spec.env), "timeout_s": scaled(60)}
        answer = self.guest.ask(request, scaled(60))
        assert "trouble" not in answer, (case.name, answer["trouble"])
        return int(answer["private_bytes"])

    def planted(self) -> list[tuple[Case, Planted]]:
        return [(case, one) for case in self.cases.values() for one in case.planted]

    def finding(self, case: Case, planted: Planted) -> Finding | None:
        found = self.found[case.name].findings
        return next((one for one in found if (one.file, one.line) == (str(planted.file), planted.line)), None)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    made = Corpus(tmp_path_factory.mktemp("doctor"))
    with made.guest:
        yield made


def test_it_is_large_and_every_location_loads(corpus: Corpus) -> None:
    assert len(corpus.cases) >= LEAST_CASES
    assert {name: one.trouble for name, one in corpus.found.items() if one.trouble} == {}
    assert sum(not case.planted for case in corpus.cases.values()) >= 15


def test_nearly_every_cause_is_found_at_its_line(corpus: Corpus) -> None:
    planted = corpus.planted()
    missed = [
        f"{case.name}: {one.file.name}:{one.line}" for case, one in planted if not corpus.finding(case, one)
    ]
    assert len(missed) <= (1 - SHARE) * len(planted), missed


def test_hardly_anything_else_is_blamed(corpus: Corpus) -> None:
    lines = {(str(one.file), one.line) for _, one in corpus.planted()}
    findings = [one for diagnosis in corpus.found.values() for one in diagnosis.findings]
    wrong = [f"{one.file}:{one.line} {one.message}" for one in findings if (one.file, one.line) not in lines]
    assert len(wrong) <= (1 - SHARE) * len(findings), wrong


def test_kind_and_need_are_told(corpus: Corpus) -> None:
    wrong = []
    for case, one in corpus.planted():
        finding = corpus.finding(case, one)
        if finding is None:
            continue
        if one.needed not in ("any", finding.needed) or one.kind not in ("any", finding.kind):
            wrong.append(f"{case.name}: {finding.kind} {finding.needed} ({finding.why_needed})")
    assert len(wrong) <= (1 - SHARE) * len(corpus.planted()), wrong


def test_memory_is_what_removing_it_frees(corpus: Corpus, tmp_path: Path) -> None:
    wrong = []
    sample = [pair for pair in corpus.planted() if pair[1].memory][::EVERY]
    for number, (case, one) in enumerate(sample):
        finding = corpus.finding(case, one)
        if finding is None:
            continue
        freed = corpus.private_bytes(case) - corpus.private_bytes(cured(case, one, tmp_path / str(number)))
        if not _near(finding.costs.private_bytes, freed):
            wrong.append(f"{case.name}: {finding.costs.private_bytes} told, {freed} freed")
    assert len(sample) >= 15
    assert wrong == []


@pytest.mark.parametrize("name", FRESH)
def test_and_in_fresh_interpreters_too(corpus: Corpus, tmp_path: Path, name: str) -> None:
    case = corpus.cases[name]
    one = case.planted[0]
    finding = corpus.finding(case, one)
    assert finding is not None
    freed = _fresh(case, corpus.packages) - _fresh(cured(case, one, tmp_path / name), corpus.packages)
    assert _near(finding.costs.private_bytes, freed), (finding.costs, freed)


def _fresh(case: Case, packages: Path) -> int:
    spec = case.location(sys.executable, packages)
    assert spec.code is not None
    env = environ_of(spec, os.environ)
    loaded = load_once(spec.python, spec.code, spec.cwd, env, location=case.name, timeout_s=scaled(60))
    assert loaded.trouble == ()
    return loaded.costs.private_bytes


def _near(told: int, freed: int) -> bool:
    return abs(told - freed) <= max(NEAR_BYTES, NEAR * freed)


def test_what_two_libraries_share_is_shown_and_charged_to_neither(corpus: Corpus) -> None:
    left, right = sorted(corpus.found["shared_dependency"].findings, key=lambda one: one.line)
    assert left.costs.private_bytes < 14_000_000
    assert right.costs.private_bytes < 16_000_000
    assert [(place.line, place.bytes > 14_000_000) for place in left.shared_with] == [(right.line, True)]


def test_one_library_of_several_files_is_one_finding(corpus: Corpus) -> None:
    (finding,) = corpus.found["same_library_thrice"].findings
    assert [os.path.basename(place.file) for place in finding.shared_with] == ["b.py", "c.py"]
    assert finding.saving_bytes > 20_000_000


def test_a_cost_that_only_moves_is_no_saving(corpus: Corpus) -> None:
    for name in ("define_decorator", "called_while_loading", "for_its_effects", "star_import_used"):
        (finding,) = corpus.found[name].findings
        assert (finding.needed, finding.saving_bytes, finding.saving_s) == ("define", 0, 0.0), name


def test_threads_programs_and_files_are_counted(corpus: Corpus) -> None:
    assert corpus.found["library_thread"].findings[0].costs.threads == 1
    assert corpus.found["library_program"].findings[0].costs.children == 1
    (read,) = corpus.found["big_file"].findings[0].costs.files
    assert os.path.basename(read.path) == "model.bin"
