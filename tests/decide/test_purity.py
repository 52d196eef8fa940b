"""Decisions reach nothing but their arguments. `.importlinter` sees the imports, this sees what needs none."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import reef.decide

FILES = sorted(Path(reef.decide.__path__[0]).rglob("*.py"))
REACHES_OUT = {"open", "print", "input", "exec", "eval", "compile", "__import__", "breakpoint"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_builtin_that_reaches_out(file: Path) -> None:
    names = {node.id for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Name)}
    assert not names & REACHES_OUT


def test_every_file_is_looked_at() -> None:
    assert {"rest.py", "deciding.py"} <= {file.name for file in FILES}
