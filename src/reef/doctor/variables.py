"""Variables by which a module decides what it defines, and what loads with other values tell of that. Pure but for
asking."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from reef.doctor.besides import plain_finding
from reef.doctor.causes import Watched
from reef.doctor.findings import Finding
from reef.doctor.findings_of import Sources
from reef.doctor.graph import At
from reef.doctor.source import Statement
from reef.importgraph.names import literal

OPTION = "--variables"
_DECIDES = (ast.If, ast.For, ast.While, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_CURE = "set it for the location in reef.yaml, so that a change of it is a new version"

Said = Literal["others", "fails", "same", "unasked", "unsteady"]
Load = Callable[[Mapping[str, Sequence[str]]], Mapping[str, Any]]
"""Loads once more, the variables with other values than they have (one of those given where one fits); the answer."""


@dataclass(frozen=True)
class Reading:
    """A statement at module level that reads variables. `decides`: in a condition, a loop or a decorator.
    `values`: texts that they may be compared with."""

    at: At
    statement: Statement
    names: tuple[str, ...]
    decides: bool
    values: tuple[str, ...]

    def others(self) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(self.names, self.values)


def readings(watched: Watched, sources: Sources) -> list[Reading]:
    found = []
    for (file, line), one in watched.statements.items():
        statement = sources(file).at(line)
        names = tuple(dict.fromkeys(name for what, name, _ in one["events"] if what == "environment"))
        if statement is not None and names:
            decides = isinstance(statement.node, _DECIDES)
            values = tuple(value for value in _values(statement.node) if value not in names)
            found.append(Reading((file, line), statement, names, decides, values))
    return found


def _values(node: ast.stmt) -> Iterator[str]:
    """Texts that something is compared with."""
    for one in ast.walk(node.test) if isinstance(node, ast.If | ast.While) else ():
        for side in (one.left, *one.comparators) if isinstance(one, ast.Compare) else ():
            parts = side.elts if isinstance(side, ast.Tuple | ast.List | ast.Set) else [side]
            yield from (text for part in parts if (text := literal(part)))


def variable_findings(
    location: str, read: Sequence[Reading], digest: str, load: Load | None
) -> list[Finding]:
    """`load` is None where nobody asked for loads with other values: then a variable in a condition is said with that
    it is not proved, and the others are not said. `digest`: of the definitions as they are."""
    if load is None:
        return [_finding(location, one, "unasked") for one in read if one.decides]
    if not read:
        return []
    steady = load({}).get("digest") == digest
    plain = [one for one in read if not one.decides]
    together = {name: values for one in plain for name, values in one.others().items()}
    if plain and steady and _said(load(together), digest) == "same":
        plain = []  # all of them at once change nothing
    found = []
    for one in read:
        if not one.decides and one not in plain:
            continue
        said: Said = _said(load(one.others()), digest) if steady else "unsteady"
        if one.decides or said == "others":
            found.append(_finding(location, one, said))
    return found


def _said(answer: Mapping[str, Any], digest: str) -> Said:
    if not answer.get("digest"):
        return "fails"
    return "same" if answer["digest"] == digest else "others"


def _finding(location: str, one: Reading, said: Said) -> Finding:
    names = ", ".join(one.names)
    found = plain_finding(location, "environment", one.at, one.statement.text, _message(names, said), _CURE)
    return msgspec.structs.replace(found, measured=said in ("others", "fails"))


def _message(names: str, said: Said) -> str:
    may = f"definitions may depend on {names}"
    return {
        "others": f"definitions depend on {names}: with another value they are others",
        "fails": f"loading depends on {names}: with another value it does not load",
        "same": f"{may}: with another value they were the same, so it is not proved",
        "unsteady": f"{may}: they are others at each load, so it cannot be proved",
        "unasked": f"{may}: not proved, {OPTION} tries another value",
    }[said]
