"""Puts an import where type checkers alone read it: `if TYPE_CHECKING:`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import libcst as cst

from reef.doctor.fixing.aliases import aliases_of
from reef.doctor.fixing.survey import guard_of


def add_typing(
    module: cst.Module, index: int, imports: Sequence[cst.BaseStatement], lazily: bool
) -> cst.Module:
    """At the beginning of the first such block, else in a new one behind the imports at `index`."""
    body: list[Any] = list(module.body)
    for place, statement in enumerate(body):
        if _is_block(statement):
            inner = statement.body
            body[place] = statement.with_changes(body=inner.with_changes(body=[*imports, *inner.body]))
            return module.with_changes(body=body)
    while index < len(body) and _is_import(body[index]):
        index += 1
    block = cst.parse_statement("if TYPE_CHECKING:\n    pass\n").with_changes(
        leading_lines=[cst.EmptyLine(indent=False)], body=cst.IndentedBlock(list(imports))
    )
    new: list[Any] = [block]
    if not any(_brings_it(statement) for statement in body[:index]):
        new.insert(0, cst.parse_statement("from typing import TYPE_CHECKING"))
    body[index:index] = new
    if index < len(module.body) and not body[index + len(new)].leading_lines:
        after = body[index + len(new)]
        body[index + len(new)] = after.with_changes(leading_lines=[cst.EmptyLine(indent=False)])
    return module.with_changes(body=body)


def _is_block(statement: Any) -> bool:
    return (
        isinstance(statement, cst.If)
        and guard_of(statement) == "typing"
        and isinstance(statement.body, cst.IndentedBlock)
    )


def _is_import(statement: Any) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(small, (cst.Import, cst.ImportFrom)) for small in statement.body
    )


def _brings_it(statement: Any) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and any(
        alias.name == "TYPE_CHECKING"
        and alias.module in ("typing.TYPE_CHECKING", "typing_extensions.TYPE_CHECKING")
        for small in statement.body
        if isinstance(small, (cst.Import, cst.ImportFrom))
        for alias in aliases_of(small)
    )
