"""Settings of Dagster's daemon that make all locations wait for each other. Reads one file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from reef.doctor.findings import Costs, Diagnosis, Finding
from reef.words import count


def daemon_findings(environ: Mapping[str, str], folder: str, diagnoses: Sequence[Diagnosis]) -> list[Finding]:
    """Of the instance that Dagster would use here: DAGSTER_HOME, else the fleet's folder. None where there is no
    dagster.yaml, since Reef's own instance has them set, or fewer than two locations have ticks."""
    home = environ.get("DAGSTER_HOME") or folder
    path = os.path.join(home, "dagster.yaml")
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
        values = yaml.safe_load(text) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return []
    if not isinstance(values, dict):
        return []
    return [
        _finding(path, _line(text, what), what, len(having))
        for what in ("sensors", "schedules")
        if len(having := _having(diagnoses, what)) > 1 and not _threaded(values.get(what))
    ]


def _threaded(value: Any) -> bool:
    return isinstance(value, dict) and value.get("use_threads") is True


def _having(diagnoses: Sequence[Diagnosis], what: str) -> list[str]:
    return [
        one.location
        for one in diagnoses
        if any(getattr(definitions, what) for definitions in one.definitions.values())
    ]


def _line(text: str, key: str) -> int:
    lines = text.splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(f"{key}:")), 1)


def _finding(path: str, line: int, what: str, number: int) -> Finding:
    return Finding(
        location="",
        kind="daemon",
        file=path,
        line=line,
        module="",
        statement=f"{what}.use_threads",
        costs=Costs(),
        needed="unknown",
        why_needed="",
        cure=f"{what}: {{use_threads: true, num_workers: 8}} in dagster.yaml",
        message=f"{what} of {count(number, 'location')} are evaluated one after the other: a slow one delays all",
    )
