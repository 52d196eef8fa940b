"""Kinds of mistakes in messages, looked for in all of the host's code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import reef

ROOT = Path(reef.__file__).parent
GUEST = ROOT / "guest"  # imports nothing of Reef
FILES = [path for path in sorted(ROOT.rglob("*.py")) if GUEST not in path.parents]
LOGS = ("debug", "info", "warning", "error")
NOUNS = (
    "location|server|run|zygote|module|file|folder|call|wave|version|time|host|load|probe|wake|line|entr|definition|"
    "thread|connection|interpreter|environment|asset|job|sensor|schedule|change|error|failure|reason"
)
PLURAL = re.compile(rf"^ (?:[a-z]+ )?(?:{NOUNS})(?:s|es|ies)\b")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def names_said(node: ast.AST) -> Iterator[ast.Name]:
    """Names whose text becomes part of a message."""
    for each in ast.walk(node):
        if isinstance(each, ast.FormattedValue):
            yield from said_in(each.value)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "str":
            yield from (one for one in each.args if isinstance(one, ast.Name))
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute) and each.func.attr in LOGS:
            yield from (one for one in each.args[1:] if isinstance(one, ast.Name))


def said_in(value: ast.expr) -> Iterator[ast.Name]:
    """`error`, `error.strerror`, which may be None, or either of them."""
    parts = value.values if isinstance(value, ast.BoolOp) else [value]
    for part in parts:
        if isinstance(part, ast.Attribute) and part.attr == "strerror":
            part = part.value
        if isinstance(part, ast.Name):
            yield part


def caught(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The name of an exception, and the statements in which it has it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and node.name:
            yield node.name, node.body
        if isinstance(node, ast.If):
            for part in ast.walk(node.test):
                if isinstance(part, ast.NamedExpr) and ".exception()" in ast.unparse(part.value):
                    yield part.target.id, node.body


# An OSError of the kernel, which always has words.


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_message_has_an_exception_in_it_that_may_say_nothing(path: Path) -> None:
    """`describe` and `classed` of reef.words always say something."""
    tree = parsed(path)
    found = [
        f"line {said.lineno}: {said.id}"
        for name, body in caught(tree)
        for statement in body
        for said in names_said(statement)
        if said.id == name and not is_own(tree, name)
    ]
    assert not found, found


def is_own(tree: ast.Module, name: str) -> bool:
    """Whether all handlers of this name are for exceptions of Reef's own that are never made without a reason."""
    handlers = [node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name == name]
    kinds = [ast.unparse(node.type) for node in handlers if node.type]
    return bool(kinds) and all(kind in ("WarmUpFailed", "StartFailed", "ReefError") for kind in kinds)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_number_stands_before_a_noun_that_may_not_agree_with_it(path: Path) -> None:
    """`count` of reef.words makes them agree."""
    found = [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Constant) and has_either(node))
        or (isinstance(node, ast.JoinedStr) and disagrees(node))
    ]
    assert not found, found


def has_either(node: ast.Constant) -> bool:
    """Such as `run(s)`; programs in strings aside."""
    text = node.value if isinstance(node.value, str) and "import " not in node.value else ""
    return re.search(r"\w\(e?s\)", text) is not None


def disagrees(node: ast.JoinedStr) -> bool:
    return any(
        isinstance(number, ast.FormattedValue)
        and isinstance(text, ast.Constant)
        and is_number(number)
        and PLURAL.match(str(text.value))
        for number, text in zip(node.values, node.values[1:], strict=False)
    )


def is_number(part: ast.FormattedValue) -> bool:
    """As far as its spelling says: not an attribute that is a word, not a constant of Reef's own above one."""
    text = ast.unparse(part.value) if part.conversion == -1 else ""
    return text.startswith("len(") or (
        part.format_spec is None and re.fullmatch(r"[a-z_]+", text) is not None
    )
