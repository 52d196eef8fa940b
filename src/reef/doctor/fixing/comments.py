"""Comments of an import: what stands behind the statement and behind each of its names goes where they go."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from reef.doctor.fixing.finding import Unit


def of_statement(statement: cst.CSTNode, unit: Unit, all_names: bool) -> str:
    """What stands behind the import, such as `# type: ignore`. `all_names`: none stays behind, so what stands behind
    the opening parenthesis goes too."""
    if not (isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1):
        return ""
    found = [statement.trailing_whitespace.comment]
    if all_names and isinstance(unit.node, cst.ImportFrom) and unit.node.lpar is not None:
        found.append(_first(unit.node.lpar.whitespace_after))
    return _joined(found)


def of_name(unit: Unit, position: int) -> str:
    """What stands behind one name of a parenthesised import."""
    node = unit.node
    if not isinstance(node, cst.ImportFrom) or isinstance(node.names, cst.ImportStar):
        return ""
    comma = node.names[position].comma
    found = [_first(comma.whitespace_after)] if isinstance(comma, cst.Comma) else []
    if position == len(node.names) - 1 and node.rpar is not None:
        found.append(_first(node.rpar.whitespace_before))
    return _joined(found)


def between_names(unit: Unit) -> bool:
    """Whether a comment has a line of its own among the names: it may speak of any of them."""
    node = unit.node
    if not isinstance(node, cst.ImportFrom):
        return False
    return any(line.comment is not None for space in _spaces(node) for line in space.empty_lines)


def _spaces(node: cst.ImportFrom) -> Iterator[cst.ParenthesizedWhitespace]:
    found: list[cst.BaseParenthesizableWhitespace] = []
    if node.lpar is not None and node.rpar is not None:
        found += [node.lpar.whitespace_after, node.rpar.whitespace_before]
    if not isinstance(node.names, cst.ImportStar):
        found += [one.comma.whitespace_after for one in node.names if isinstance(one.comma, cst.Comma)]
    return (space for space in found if isinstance(space, cst.ParenthesizedWhitespace))


def _first(space: cst.BaseParenthesizableWhitespace) -> cst.Comment | None:
    return space.first_line.comment if isinstance(space, cst.ParenthesizedWhitespace) else None


def _joined(comments: list[cst.Comment | None]) -> str:
    return "".join(f"  {one.value}" for one in comments if one is not None)
