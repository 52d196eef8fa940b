"""No test has a deadline of its own: what is written as a number would be too short on a busy machine."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
THEMSELVES = {"deadlines.py", "yardstick.py", "every_python.py"}
GIVEN = {"timeout", "timeout_s", "deadline_s"}
WAITING = {"wait", "result", "join", "wait_for", "timeout"}
SCALING = {"until", "until_up", "tick", "run_ends"}  # these stretch what they are given
SUBJECT_S = 2.0  # shorter ones are what a test is about: they are to pass, or nothing is to come before


def numbers(file: Path) -> Iterator[int]:
    """Lines with a deadline that is a number."""
    given = GIVEN if file.parent.name != "sim" else set()  # there time is simulated
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and not SCALING & {_name(node.func), *map(_name, node.args[:1])}:
            yield from (
                word.value.lineno for word in node.keywords if word.arg in given and _long(word.value)
            )
            if _name(node.func) in WAITING and not _marks(node.func):
                yield from (value.lineno for value in node.args[-1:] if _long(value))
        if isinstance(node, ast.Compare) and _elapsed(node.left):
            yield from (value.lineno for value in node.comparators if _number(value) and _is_less(node))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and _clock(node.left):
            yield node.lineno  # a deadline by hand


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _marks(node: ast.expr) -> bool:
    """`pytest.mark.timeout(240)`: the conftest stretches it."""
    return isinstance(node, ast.Attribute) and _name(node.value) == "mark"


def _number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float))


def _long(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, (int, float)) and node.value >= SUBJECT_S


def _clock(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) in ("monotonic", "perf_counter")


def _elapsed(node: ast.expr) -> bool:
    stopped = isinstance(node, ast.Call) and _name(node.func) == "stop"
    return stopped or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and _clock(node.left))


def _is_less(node: ast.Compare) -> bool:
    return any(isinstance(each, (ast.Lt, ast.LtE)) for each in node.ops)


LAB = TESTS / "lab"  # a tool of its own, that `make cluster` runs: nobody measures the machine for it
FILES = [
    file
    for file in sorted(TESTS.rglob("*.py"))
    if file.name not in THEMSELVES and not (file.is_relative_to(LAB) and not file.name.startswith("test_"))
]


def test_every_deadline_follows_the_machine() -> None:
    found = [f"{file.relative_to(TESTS)}:{line}" for file in FILES for line in numbers(file)]
    assert found == [], "write scaled(...) around these, or wait with until(...): see tests/deadlines.py"


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("run(command, timeout=60)", 1),
        ("process.wait(15)", 1),
        ("asyncio.wait_for(task, 10.0)", 1),
        ("end = time.monotonic() + 30", 1),
        ("assert time.monotonic() - started < 2", 1),
        ("assert reef.stop() < 10.0", 1),
        ("run(command, timeout=scaled(60))", 0),
        ("assert reef.stop() < scaled(10.0)", 0),
        ("assert time.monotonic() - started > 4.0", 0),
        ("until(condition, 20.0)", 0),
        ("pytest.mark.timeout(240)", 0),
        ("client.call(request, timeout=0.3)", 0),
    ],
)
def test_numbers_are_found(tmp_path: Path, line: str, count: int) -> None:
    (tmp_path / "line.py").write_text(line)
    assert len(list(numbers(tmp_path / "line.py"))) == count
