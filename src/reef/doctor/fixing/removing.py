"""Takes an import, or some of its names, out of a module's body."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import Any

import libcst as cst

from reef.doctor.fixing.finding import Unit

_Lines = Sequence[cst.EmptyLine]


def without(
    module: cst.Module, unit: Unit, positions: Set[int], *, replaced: bool
) -> tuple[list[Any], _Lines]:
    """The module's body and footer. `positions`: of the names to take out; those that stay keep their
    statement. `replaced`: something else will stand in the place of the statement."""
    body: list[Any] = list(module.body)
    statement = body[unit.index]
    if isinstance(statement, cst.SimpleStatementLine) and not unit.whole:
        whole = unit.star or len(positions) == len(unit.aliases)
        small = None if whole else _fewer_names(statement.body[unit.small], positions)
        rest = [*statement.body[: unit.small], *([small] if small else []), *statement.body[unit.small + 1 :]]
        if rest:
            rest[-1] = rest[-1].with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            body[unit.index] = statement.with_changes(body=rest)
            return body, module.footer
    del body[unit.index]
    left = statement.leading_lines
    if unit.index == len(body):
        return body, _joined(left, module.footer)
    after = body[unit.index]
    lines = _joined(left, after.leading_lines)
    if unit.index == 0 and not replaced and not _says_something(module.header):
        lines = _without_blank_start(lines)
    body[unit.index] = after.with_changes(leading_lines=lines)
    return body, module.footer


def _joined(first: _Lines, second: _Lines) -> _Lines:
    """Comments stay; of two runs of empty lines the longer one is enough."""
    if _says_something(first):
        return [*first, *second]
    blank = next((at for at, line in enumerate(second) if line.comment is not None), len(second))
    return second if blank >= len(first) else [*first, *second[blank:]]


def _without_blank_start(lines: _Lines) -> _Lines:
    """A file does not begin with empty lines."""
    first = next((at for at, line in enumerate(lines) if line.comment is not None), len(lines))
    return lines[first:]


def _says_something(lines: _Lines) -> bool:
    return any(line.comment is not None for line in lines)


def _fewer_names(node: Any, positions: Set[int]) -> Any:
    names: list[cst.ImportAlias] = list(node.names)
    stay = [name for position, name in enumerate(names) if position not in positions]
    if names[-1] is not stay[-1]:
        stay[-1] = stay[-1].with_changes(comma=_last_comma(stay[-1].comma, names[-1].comma))
    return node.with_changes(names=stay)


def _last_comma(own: Any, former: Any) -> Any:
    """The comma of the name that is now last, as the one that was last had it; a comment behind the name
    stays."""
    after = own.whitespace_after if isinstance(own, cst.Comma) else None
    if not (isinstance(after, cst.ParenthesizedWhitespace) and after.first_line.comment is not None):
        return _without_comment(former)
    closing = former.whitespace_after if isinstance(former, cst.Comma) else None
    if isinstance(closing, cst.ParenthesizedWhitespace):
        after = after.with_changes(indent=closing.indent, last_line=closing.last_line, empty_lines=[])
    return own.with_changes(whitespace_after=after)


def _without_comment(comma: Any) -> Any:
    """It was about the name that goes."""
    after = comma.whitespace_after if isinstance(comma, cst.Comma) else None
    if not isinstance(after, cst.ParenthesizedWhitespace):
        return comma
    first = after.first_line.with_changes(whitespace=cst.SimpleWhitespace(""), comment=None)
    return comma.with_changes(whitespace_after=after.with_changes(first_line=first))
