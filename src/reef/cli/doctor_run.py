"""What `reef doctor` does: reads the fleet, has its locations examined, and puts the report together."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import click
import msgspec

from reef import fleet as fleets
from reef.doctor.daemon import daemon_findings
from reef.doctor.examining import Examined, Wishes
from reef.doctor.findings import Diagnosis
from reef.doctor.flames import Flame
from reef.doctor.limits import Limits
from reef.doctor.report import Report, report_of
from reef.doctor.running import cores, examine_all
from reef.doctor.since import checkout, heavier, moved
from reef.doctor.table import lines_of
from reef.doctor.verdicts import over_budget
from reef.errors import ReefError
from reef.fleet.model import DoctorSpec, Fleet, Location
from reef.fleet.suggest import did_you_mean
from reef.fleet.units import size_bytes, span_s
from reef.records.diagnoses import KeptDiagnosis, keep_diagnosis
from reef.statedir import default_state_dir

NO_BUDGETS = "budgets: {memory: 200Mi, load_time: 5s} in reef.yaml, or [tool.reef.budgets] in pyproject.toml"


@dataclass(frozen=True)
class Asked:
    """The command's options, as written."""

    locations: tuple[str, ...] = ()
    path: str | None = None
    python: str | None = None
    check: bool = False
    since: str | None = None
    memory: str | None = None
    time: str | None = None
    timeout: str | None = None
    jobs: int | None = None
    ticks: bool = False
    variables: bool = False


def read_fleet(asked: Asked) -> Fleet:
    """As a host reads it. Raises ReefError."""
    fleet = fleets.read(asked.path, os.environ, asked.python or sys.executable)
    for warning in fleet.warnings:
        click.echo(f"warning: {warning}", err=True)
    return fleets.inheriting(fleet, os.environ)


def diagnose(asked: Asked, fleet: Fleet) -> tuple[Report, dict[str, Flame]]:
    """The report, and for each location what its modules took. Raises ReefError."""
    chosen = _chosen(fleet, asked.locations)
    check_budgets(fleet, asked)
    wishes = wishes_of(asked, fleet.doctor)
    if asked.since:
        chosen = _touched(asked, asked.since, chosen)
    top = fleet.folder or os.path.dirname(fleet.source)
    examined = _examine(chosen, wishes, asked.jobs, "")
    diagnoses = [one.diagnosis for one in examined]
    flames = {one.diagnosis.location: one.flame for one in examined if one.flame}
    over = over_budget(diagnoses, fleet.doctor.budgets) if asked.check else ()
    found = daemon_findings(os.environ, top, diagnoses)
    commit = ""
    if asked.since:
        found = []
        commit, diagnoses = _since(asked, asked.since, fleet, chosen, diagnoses, wishes)
    report = report_of(fleet.source, top, diagnoses, found)
    if not asked.since:
        _keep(fleet, report)
    offers = () if asked.since else report.offers  # what got heavier is not what a library costs
    return msgspec.structs.replace(report, over_budget=over, since=commit, offers=offers), flames


def _keep(fleet: Fleet, report: Report) -> None:
    """For the page of a host that serves this fleet."""
    state, now = default_state_dir(fleet.source, os.environ), time.time()
    for one in report.diagnoses:
        keep_diagnosis(state, one.location, KeptDiagnosis(now, lines_of(one, report.top)))


def _chosen(fleet: Fleet, names: Sequence[str]) -> list[Location]:
    known = {one.name: one for one in fleet.locations}
    for name in names:
        if name not in known:
            raise ReefError(f"{name!r} is no code location of {fleet.source}", hint=did_you_mean(name, known))
    wanted = [known[name] for name in dict.fromkeys(names)] if names else list(fleet.locations)
    ours = [one for one in wanted if one.placement != "external"]
    skipped = [one.name for one in wanted if one.placement == "external"]
    if skipped:
        click.echo(f"not looked at, since their servers run elsewhere: {', '.join(skipped)}", err=True)
    return ours


def check_budgets(fleet: Fleet, asked: Asked) -> None:
    budgets = fleet.doctor.budgets
    every = [budgets.every, *budgets.locations.values()]
    if asked.check and all(
        (one.memory_bytes, one.load_time_s, one.threads) == (None, None, None) for one in every
    ):
        raise ReefError(f"--check needs budgets, and {fleet.source} has none", hint=NO_BUDGETS)


def wishes_of(asked: Asked, spec: DoctorSpec) -> Wishes:
    limits = Limits()
    memory = _size(asked.memory) if asked.memory else spec.memory_bytes
    time_s = span_of("--time", asked.time) if asked.time else spec.time_s
    if memory is not None:
        limits = replace(limits, memory_bytes=memory)
    if time_s is not None:
        limits = replace(limits, cpu_s=time_s, wait_s=time_s)
    wishes = Wishes(limits, ticks=asked.ticks, variables=asked.variables)
    return replace(wishes, timeout_s=span_of("--timeout", asked.timeout)) if asked.timeout else wishes


def _size(written: str) -> int:
    try:
        return size_bytes(written)
    except ValueError:
        raise ReefError(f"--memory = {written}, must be a size such as 512Mi, 1Gi or 500M") from None


def span_of(option: str, written: str) -> float:
    try:
        return span_s(written)
    except ValueError:
        raise ReefError(f"{option} = {written}, must be a time such as 500ms, 30s or 2m") from None


def _examine(locations: Sequence[Location], wishes: Wishes, jobs: int | None, what: str) -> list[Examined]:
    def progress(done: int, number: int, last: Diagnosis) -> None:
        said = (
            f"{last.trouble[0].message.splitlines()[0][:60]}" if last.trouble else f"{last.diagnosis_s:.1f} s"
        )
        click.echo(f"{what}{done}/{number} {last.location}: {said}", err=True)

    return examine_all(locations, os.environ, wishes, jobs or cores(), progress)


def _touched(asked: Asked, revision: str, chosen: Sequence[Location]) -> list[Location]:
    """Those that the changes since then concern: the others weigh what they weighed."""
    from reef.cli.plan_since import plan_since

    plan, _, _ = plan_since(revision, asked.path, asked.python)
    touched = {one.location for one in plan.locations if one.touched}
    return [one for one in chosen if one.name in touched]


def _since(
    asked: Asked,
    revision: str,
    fleet: Fleet,
    chosen: Sequence[Location],
    now: list[Diagnosis],
    wishes: Wishes,
) -> tuple[str, list[Diagnosis]]:
    """The commit, and what got heavier since then."""
    with checkout(fleet.source, revision) as (repository, commit, tree):
        before = [moved(one, repository.top, tree) for one in chosen]
        found = [one.diagnosis for one in _examine(before, wishes, asked.jobs, "before: ")]
        return commit, heavier(found, now, repository.top, tree, wishes.limits)
