"""What was found over a whole fleet: libraries, who imports them by which line, what they cost together. Pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from reef.doctor.findings import Diagnosis, Finding
from reef.doctor.offers import Offer, offers_of


class Line(msgspec.Struct, frozen=True):
    """One location's way to a library."""

    location: str
    file: str
    line: int
    bytes: int
    seconds: float


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """A library by its top-level module; `bytes` and `seconds` of all locations together, and what a cure saves."""

    name: str
    locations: tuple[str, ...]
    lines: tuple[Line, ...]
    bytes: int
    seconds: float
    saving_bytes: int


class OverBudget(msgspec.Struct, frozen=True, kw_only=True):
    """`file` and `line`: the statement that is most at fault; "" and 0 where no statement is."""

    location: str
    what: str  # memory, load_time, threads, loading
    is_: float = msgspec.field(name="is")
    budget: float
    file: str
    line: int
    message: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """`top`: the folder to which paths are shown relative. `fleet_findings`: of settings that concern all locations.
    `offers`: libraries that could be shared services; none where the findings are only what got heavier."""

    fleet: str
    top: str
    diagnoses: tuple[Diagnosis, ...]
    libraries: tuple[Library, ...] = ()
    offers: tuple[Offer, ...] = ()
    fleet_findings: tuple[Finding, ...] = ()
    over_budget: tuple[OverBudget, ...] = ()
    since: str = ""

    def findings(self) -> list[Finding]:
        return [*self.fleet_findings, *(finding for one in self.diagnoses for finding in one.findings)]


def report_of(
    fleet: str, top: str, diagnoses: Sequence[Diagnosis], fleet_findings: Iterable[Finding] = ()
) -> Report:
    return Report(
        fleet=fleet,
        top=top,
        diagnoses=tuple(diagnoses),
        libraries=libraries_of(diagnoses),
        offers=offers_of(diagnoses),
        fleet_findings=tuple(fleet_findings),
    )


def libraries_of(diagnoses: Iterable[Diagnosis]) -> tuple[Library, ...]:
    """The costliest together first."""
    ways: dict[str, list[Finding]] = {}
    for diagnosis in diagnoses:
        for finding in diagnosis.findings:
            if finding.kind == "import" and finding.module.strip("."):
                ways.setdefault(finding.module.partition(".")[0], []).append(finding)
    found = [_library(name, findings) for name, findings in ways.items()]
    return tuple(sorted(found, key=lambda one: (-one.bytes, -one.seconds, one.name)))


def _library(name: str, findings: Sequence[Finding]) -> Library:
    lines = tuple(
        Line(one.location, one.file, one.line, one.costs.private_bytes, one.costs.wall_s) for one in findings
    )
    return Library(
        name=name,
        locations=tuple(dict.fromkeys(one.location for one in findings)),
        lines=lines,
        bytes=sum(line.bytes for line in lines),
        seconds=sum(line.seconds for line in lines),
        saving_bytes=sum(one.saving_bytes for one in findings),
    )


def as_plain(report: Report) -> dict[str, Any]:
    """What `--json` prints."""
    plain: dict[str, Any] = msgspec.to_builtins(report)
    return plain


def shown_path(path: str, top: str) -> str:
    return os.path.relpath(path, top) if top and path.startswith(os.path.join(top, "")) else path
