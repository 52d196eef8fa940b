"""Findings that are no cost of one statement: variables, many definitions, slow ticks. Pure but for reading source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from typing import Any

from reef.doctor.amounts import size_of
from reef.doctor.causes import Watched
from reef.doctor.findings import Costs, Definitions, Finding
from reef.doctor.findings_of import Sources
from reef.doctor.limits import Limits
from reef.fleet.model import Location
from reef.words import count

LIMIT_OF_DAGSTER = 100_000_000  # bytes of one message between its processes
_SHAPES = (ast.If, ast.For, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def environment_findings(location: str, watched: Watched, sources: Sources) -> list[Finding]:
    """Variables by which a module decides what it defines: read in a condition, a loop or a decorator."""
    found = []
    for (file, line), one in watched.statements.items():
        statement = sources(file).at(line)
        names = dict.fromkeys(name for what, name, _ in one["events"] if what == "environment")
        if statement is None or not isinstance(statement.node, _SHAPES) or not names:
            continue
        said = ", ".join(names)
        found.append(
            _plain(
                location,
                "environment",
                (file, line),
                statement.text,
                f"definitions depend on {said}: they are others where it is set otherwise",
                "set it for the location in reef.yaml, so that a change of it is a new version",
            )
        )
    return found


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
            _plain(
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
        found.append(_plain(location, "tick", (one["file"], one["line"]), text, told, cure, one["wall_s"]))
    return found


def _plain(
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
