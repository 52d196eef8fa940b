"""Findings that are no cost of one statement: variables, many definitions, slow ticks. Pure but for reading source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from reef.doctor.amounts import size_of
from reef.doctor.findings import Costs, Definitions, Finding
from reef.doctor.findings_of import Sources
from reef.doctor.limits import Limits
from reef.fleet.model import Location
from reef.words import count

LIMIT_OF_DAGSTER = 100_000_000  # bytes of one message between its processes


def definition_findings(
    spec: Location, definitions: Mapping[str, Definitions], limits: Limits
) -> list[Finding]:
    found = []
    file = (spec.code.python_file if spec.code else "") or ""
    for name, one in definitions.items():
        number = one.assets + one.jobs + one.schedules + one.sensors
        if one.bytes < limits.snapshot_bytes and number < limits.definitions:
            continue
        share = one.bytes / LIMIT_OF_DAGSTER
        told = f"{name} has {count(number, 'definition')} in {size_of(one.bytes)}, {share:.0%} of what Dagster can send"
        found.append(
            plain_finding(
                spec.name,
                "definitions",
                (file, 1 if file else 0),
                "",
                told,
                "split the location in two or more",
            )
        )
    return found


def tick_findings(
    location: str, ticks: Iterable[Mapping[str, Any]], limits: Limits, sources: Sources
) -> list[Finding]:
    found = []
    for one in ticks:
        if one["wall_s"] < limits.tick_s:
            continue
        statement = sources(one["file"]).at(one["line"]) if one["file"] else None
        told = f"{one['kind']} {one['name']} took {one['wall_s']:.1f} s to decide; Dagster allows 60 s by default"
        cure = "ask for less (a cursor, a smaller page), or do the work in the run that it starts"
        text = statement.text if statement else ""
        found.append(
            plain_finding(location, "tick", (one["file"], one["line"]), text, told, cure, one["wall_s"])
        )
    return found


def plain_finding(
    location: str, kind: Any, at: tuple[str, int], text: str, message: str, cure: str, wall_s: float = 0.0
) -> Finding:
    return Finding(
        location=location,
        kind=kind,
        file=at[0],
        line=at[1],
        module="",
        statement=text,
        costs=Costs(wall_s=wall_s),
        needed="unknown",
        why_needed="",
        cure=cure,
        message=message,
    )
