"""The report as SARIF 2.1.0, for code scanning. Pure."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from reef import __version__
from reef.doctor.findings import Diagnosis, Finding, Trouble
from reef.doctor.report import OverBudget, Report

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "import": "An import that makes loading the location costly",
    "body": "A statement at module level that computes or allocates much",
    "client": "A client or engine made while loading",
    "http": "A call to another machine while loading",
    "file": "A big file read while loading",
    "thread": "A thread started while loading",
    "process": "A program started while loading",
    "environment": "Definitions that depend on a variable",
    "tick": "A sensor or schedule that is slow to decide",
    "definitions": "Very many definitions",
    "daemon": "A setting that makes locations wait for each other",
    "trouble": "A location that does not load",
    "budget": "A location over its budget",
}
_NAMES = tuple(_RULES)


def sarif_of(report: Report) -> dict[str, Any]:
    """A whole log with one run."""
    results = [_finding(one, report.top) for one in report.findings()]
    results += [_trouble(one, trouble, report.top) for one in report.diagnoses for trouble in one.trouble]
    results += [_over(one, report.top) for one in report.over_budget]
    rules = [{"id": f"reef/{name}", "shortDescription": {"text": text}} for name, text in _RULES.items()]
    driver = {"name": "reef doctor", "version": __version__, "rules": rules}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    if report.top:
        run["originalUriBaseIds"] = {"TOP": {"uri": f"file://{quote(report.top)}/"}}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _result(rule: str, level: str, text: str, locations: Sequence[Any], mark: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": f"reef/{rule}",
        "ruleIndex": _NAMES.index(rule),
        "level": level,
        "message": {"text": text},
        "partialFingerprints": {"reef/v1": hashlib.sha256(mark.encode()).hexdigest()[:32]},
    }
    return {**result, "locations": list(locations)} if locations else result


def _finding(one: Finding, top: str) -> dict[str, Any]:
    text = f"{one.location}: {one.message}" if one.location else one.message
    text = f"{text}. Cure: {one.cure}." if one.cure else f"{text}."
    level = "warning" if one.saving_bytes or one.saving_s or one.kind in ("http", "process") else "note"
    mark = "\0".join((one.location, one.kind, _relative(one.file, top), one.module, one.statement))
    region = {
        "startLine": one.line,
        **({"endLine": one.end_line} if one.end_line >= one.line > 0 else {}),
        **({"startColumn": one.column + 1, "endColumn": one.end_column + 1} if one.end_column else {}),
    }
    result = _result(one.kind, level, text, _at(one.file, region, top), mark)
    related = [
        {
            **_at(place.file, {"startLine": place.line}, top)[0],
            "message": {"text": f"brings {place.module or 'the same'} too"},
        }
        for place in one.shared_with
    ]
    properties = {
        "location": one.location,
        "private_bytes": one.costs.private_bytes,
        "wall_s": one.costs.wall_s,
        "saving_bytes": one.saving_bytes,
        "needed": one.needed,
    }
    return {**result, **({"relatedLocations": related} if related else {}), "properties": properties}


def _trouble(diagnosis: Diagnosis, one: Trouble, top: str) -> dict[str, Any]:
    mark = f"{diagnosis.location}\0{one.kind}"
    level = "note" if one.kind == "partial" else "error"
    locations = _at(one.file, {"startLine": one.line}, top)
    return _result("trouble", level, f"{diagnosis.location}: {one.message}", locations, mark)


def _over(one: OverBudget, top: str) -> dict[str, Any]:
    mark = f"{one.location}\0{one.what}"
    locations = _at(one.file, {"startLine": one.line}, top)
    return _result("budget", "error", f"{one.location}: {one.message}", locations, mark)


def _at(file: str, region: dict[str, int], top: str) -> list[dict[str, Any]]:
    if not file:
        return []
    relative = _relative(file, top)
    artifact: dict[str, Any] = {"uri": quote(relative)}
    if relative != file:
        artifact["uriBaseId"] = "TOP"
    else:
        artifact["uri"] = f"file://{quote(file)}"
    physical: dict[str, Any] = {"artifactLocation": artifact}
    if region.get("startLine"):
        physical["region"] = region
    return [{"physicalLocation": physical}]


def _relative(file: str, top: str) -> str:
    return os.path.relpath(file, top) if top and file.startswith(f"{top}/") else file
