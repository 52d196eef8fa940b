"""Each source of the table is moved, and run before and after: both must give the same."""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path
from typing import Any

import pytest
from moving_cases import MOVED, REFUSED, Case

from reef.doctor.fixing.model import Moved, Refused
from reef.doctor.fixing.moving import move

_OWN = ("heavy", "heavy_missing", "light_twin", "moved_cases.near")


@pytest.fixture
def fresh(heavy_package: Path) -> None:
    _forget()


def _forget() -> None:
    for name in list(sys.modules):
        if name.startswith(_OWN):
            del sys.modules[name]


def _line_of(case: Case) -> int:
    if case.line is not None:
        return case.line
    lines = case.source.split("\n")
    return next(
        number
        for number, text in enumerate(lines, 1)
        if ("heavy" in text and text.lstrip().startswith(("import ", "from "))) or "import heavy" in text
    )


def _moved(case: Case) -> Moved | Refused:
    return move(case.source.encode(), _line_of(case), _OWN)


def _run(source: bytes, file: Path) -> tuple[dict[str, Any], bool, object]:
    """The module's names, whether loading it brought `heavy`, and what `result()` says."""
    _forget()
    file.write_bytes(source)
    module = types.ModuleType("moved_cases.case")
    module.__file__ = str(file)
    module.__package__ = "moved_cases"
    exec(compile(source, str(file), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    brought = "heavy" in sys.modules
    return module.__dict__, brought, module.__dict__["result"]()


@pytest.mark.parametrize("case", MOVED, ids=lambda case: case.name)
def test_moves_and_gives_the_same(case: Case, fresh: None, tmp_path: Path) -> None:
    done = _moved(case)
    assert isinstance(done, Moved), done
    assert tuple(place.function for place in done.places) == case.into
    assert (done.typing_only, tuple(one.name for one in done.kept)) == (case.typing, case.kept)
    assert bool(done.warnings) is case.warns
    before, _, said = _run(case.source.encode(), tmp_path / "case.py")
    after, brought, says = _run(done.source, tmp_path / "case.py")
    assert says == said
    assert not (case.light and brought)
    assert done.offered == case.offers
    gone = {*done.names, "TYPE_CHECKING", *(["__getattr__"] if case.offers else [])}
    assert before.keys() - gone == after.keys() - gone
    assert not set(done.names) - {"light_twin"} & after.keys()
    for name, value in before.items():
        if name not in gone and isinstance(value, (int, str, list, tuple)):
            assert after[name] == value or name == "ALL"
        if isinstance(value, types.FunctionType) and name not in gone:
            assert after[name].__doc__ == value.__doc__
    for name in case.offers:
        asked, value = after["__getattr__"](name), before[name]
        assert getattr(asked, "__qualname__", asked) == getattr(value, "__qualname__", value)


@pytest.mark.parametrize("case", MOVED, ids=lambda case: case.name)
def test_touches_no_other_line(case: Case) -> None:
    done = _moved(case)
    assert isinstance(done, Moved)
    new = done.source.decode().splitlines()
    kept = [
        line
        for line in case.source.splitlines()
        if line.strip() and "import" not in line and not _is_of_brackets(line)
    ]
    changed = [line for line in kept if line not in new]
    allowed = [
        line
        for line in changed
        if line.lstrip().startswith("def ") or line in ("try:", "except ImportError:")
    ]
    in_try = [line for line in changed if f"    {line}" in new]
    assert [line for line in changed if line not in (*allowed, *in_try)] == [], done.source.decode()
    assert [line for line in new if line.lstrip().startswith("#")] == [
        line for line in case.source.splitlines() if line.lstrip().startswith("#")
    ]


def _is_of_brackets(line: str) -> bool:
    bare = line.strip()
    return bare in (")", "VALUE") or bare.partition("#")[0].rstrip().endswith((",", "\\"))


@pytest.mark.parametrize("case", MOVED, ids=lambda case: case.name)
def test_moves_once(case: Case) -> None:
    """No import at module level has anything left to move of what was moved."""
    done = _moved(case)
    assert isinstance(done, Moved)
    for node in ast.parse(done.source).body:
        again = move(done.source, node.lineno, _OWN)
        if isinstance(again, Moved) and case.name not in ("one of two submodules", "sibling submodules"):
            assert not set(again.names) & set(done.names)


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_refuses_and_says_why(case: Case) -> None:
    done = _moved(case)
    assert isinstance(done, Refused), done.source.decode()
    assert case.refused in done.reason
    assert 1 <= done.line <= max(99, case.source.count("\n") + 1)


def test_names_of_cases_are_unique() -> None:
    names = [case.name for case in (*MOVED, *REFUSED)]
    assert len(names) == len(set(names)) >= 80
