"""From causes to findings: what a measurement without the import changed, what the source says, what it costs where.
Pure but for reading source files."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from reef.doctor.causes import Cause, kind_of
from reef.doctor.cures import cure_of, message_of
from reef.doctor.findings import Costs, FileRead, Finding, Needed, Place
from reef.doctor.graph import At, Took
from reef.doctor.source import SourceFile, Statement

_CLIENT = re.compile(
    r"(^|[._])(create_engine|create_async_engine|connect|[A-Za-z]*Client|client|MongoClient|Redis|Engine|Producer|"
    r"Consumer|Session|Connection)$"
)
_RATIO = 0.1  # wall time that a statement must spare to be called a saving of time


@dataclass(frozen=True)
class Trial:
    """What a load without the imports told. `touched`: where something used one while loading; `took` what the import
    was then, or when it was made alone afterwards. `untouched`: those that
    nothing used. `differs`: those without which definitions are others."""

    touched: Mapping[At, At] = field(default_factory=dict)
    touched_took: Mapping[At, Took] = field(default_factory=dict)
    alone: Mapping[At, Took] = field(default_factory=dict)  # by the first statement of a cause
    untouched: frozenset[At] = frozenset()
    differs: frozenset[At] = frozenset()


Sources = Callable[[str], SourceFile]


@dataclass(frozen=True)
class Subject:
    """`sleeps`: whether it is gone under Reef while nobody calls it."""

    name: str
    sleeps: bool = True


def finding_of(
    subject: Subject, cause: Cause, trial: Trial, sources: Sources, star: Mapping[At, Sequence[str]]
) -> Finding:
    file, line = cause.at
    source = sources(file)
    statement = source.at(line)
    is_import = statement is not None and (statement.is_import or _is_import_call(cause, statement))
    kind = kind_of(cause, is_import, makes_client(statement))
    took, measured = _took(cause, trial)
    needed, why = _needed(cause, trial, source, statement, tuple(star.get(cause.at, ())))
    costs = _costs(took, cause)
    saves = needed != "define" or _weak(why)
    acts = [
        name for what, name, _ in cause.events if what in ("http", "connect", "thread", "process") and name
    ]
    module = cause.module if is_import else ""
    private = max(0, costs.private_bytes)
    return Finding(
        location=subject.name,
        kind=kind,
        file=file,
        line=line,
        module=module,
        statement=statement.text if statement else "",
        costs=costs,
        needed=needed,
        why_needed=why,
        cure=cure_of(kind, needed, why, module, len(cause.statements)),
        saving_bytes=private if saves else 0,
        saving_s=costs.wall_s if saves else 0.0,
        shared_with=_shared(cause, sources),
        measured=measured,
        message=message_of(kind, module, costs, f" ({acts[0]})" if acts else ""),
        at_rest_bytes=private,
        standing_bytes=private,
        under_reef_bytes=0 if subject.sleeps else private,
        **_extent(statement),
    )


def _extent(statement: Statement | None) -> dict[str, Any]:
    if statement is None:
        return {}
    node = statement.node
    body = getattr(node, "body", None)
    last = max(statement.line, body[0].lineno - 1) if body else node.end_lineno or node.lineno
    return {
        "end_line": last,
        "column": node.col_offset,
        "end_column": 0 if body else node.end_col_offset or 0,
    }


def _is_import_call(cause: Cause, statement: Statement) -> bool:
    """`importlib.import_module(...)`, or a call in which a library imports more of itself."""
    return bool(cause.module) and "import" in statement.text.split("#")[0]


def makes_client(statement: Statement | None) -> bool:
    """`x = library.Client(...)` at module level, by the name of what is called."""
    if (
        statement is None
        or statement.in_function
        or not isinstance(statement.node, ast.Assign | ast.AnnAssign)
    ):
        return False
    call = statement.node.value
    return isinstance(call, ast.Call) and bool(_CLIENT.search(ast.unparse(call.func)))


def _took(cause: Cause, trial: Trial) -> tuple[Took, bool]:
    if (found := trial.alone.get(cause.at)) is not None:
        return found, True
    touched = trial.touched_took.get(cause.at)
    if touched is not None and not cause.overlaps and len(cause.statements) == 1:
        return touched, True
    return cause.took, False


def _needed(
    cause: Cause, trial: Trial, source: SourceFile, statement: Statement | None, star: tuple[str, ...]
) -> tuple[Needed, str]:
    if statement is None:
        return "unknown", ""
    needed, why = source.needed(statement, star)
    touches = [trial.touched[at] for at in cause.statements if at in trial.touched]
    if touches:
        file, line = touches[0]
        if needed == "run" and why and {place[0] for place in touches} == {source.path}:
            return needed, why
        if why and (file, line) == (source.path, _line_in(why)):
            return "define", why
        return "define", why if needed == "define" else f"used while loading, {_short(file)}:{line}"
    if needed != "define" and trial.untouched.issuperset(cause.statements):
        if not trial.differs.isdisjoint(cause.statements):
            return "define", "definitions are others without it"
        return "run", why
    return needed, why


def _line_in(why: str) -> int:
    found = re.search(r"line (\d+)$", why)
    return int(found[1]) if found else 0


def _weak(why: str) -> bool:
    return why.startswith("type annotation,")


def _short(file: str) -> str:
    return file.rpartition("/")[2]


def _costs(took: Took, cause: Cause) -> Costs:
    threads = max(took.threads, len(cause.acts("thread")))
    return Costs(
        wall_s=max(0.0, took.wall_s),
        cpu_s=max(0.0, took.cpu_s),
        private_bytes=max(0, took.private_bytes),
        shared_bytes=max(0, took.shared_bytes),
        threads=threads,
        sockets=len(cause.acts("socket")),
        children=len(cause.acts("process")),
        files=tuple(FileRead(name, number) for _, name, number in cause.acts("file")),
    )


def _shared(cause: Cause, sources: Sources) -> tuple[Place, ...]:
    """The other statements of the same cause, then those of others that bring some of its modules."""
    same = [Place(*at, cause.module, 0) for at in cause.statements[1:]]
    others = []
    for (file, line), size in cause.overlaps.items():
        statement = sources(file).at(line)
        others.append(Place(file, line, statement.module if statement else "", size))
    return (*same, *others)


def ranked(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """By what the cure saves, then by what it costs; memory first: nine gigabyte seconds are one processor second."""

    def weight(one: Finding) -> tuple[float, float, str, int]:
        saving = one.saving_bytes / 1e9 * 9 + one.saving_s
        cost = one.costs.private_bytes / 1e9 * 9 + one.costs.wall_s
        return -saving, -cost, one.file, one.line

    return tuple(sorted(findings, key=weight))


def in_order(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Plain data for people's programs."""
    return [msgspec.to_builtins(one) for one in findings]
