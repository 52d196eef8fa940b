"""The page of the test matrix: rows can be run one after the other."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[1] / "every_python.py"


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("every_python", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["every_python"] = module
    sys.path.insert(0, str(SCRIPT.parent))  # as it is where the script is run
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT.parent))
    return module


def test_a_row_takes_the_place_of_the_old_one_and_the_others_stay(matrix: ModuleType, tmp_path: Path) -> None:
    page, row = tmp_path / "page.md", matrix.Row
    first = [
        row("3.12.1", "1.13.27", 10, 0, 1, 9.5, "2026-01-01"),
        row("3.12.1", matrix.OLDER, 9, 1, 1, 8.0, "2026-01-01"),
    ]
    matrix._record(page, first)
    matrix._record(page, [row("3.11.7", "1.13.27", 12, 0, 0, 10.0, "2026-01-02")])
    newer = row("3.12.4", "1.14.0", 11, 0, 1, 9.0, "2026-01-03")
    matrix._record(page, [newer])
    found = matrix.recorded(page.read_text())
    assert [(one.python, one.dagster) for one in found] == [
        ("3.11.7", "1.13.27"),
        ("3.12.4", "1.14.0"),
        ("3.12.1", matrix.OLDER),
    ]
    assert found[1] == newer
    assert [one.holds for one in found] == [True, True, False]


def test_what_is_left_out_of_other_rows_is_there_and_is_told(matrix: ModuleType, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    matrix._record(page, [])
    for folder in matrix.INDEPENDENT:
        assert (SCRIPT.parents[1] / folder).is_dir()
        assert f"`{folder}`" in page.read_text()
    for test in matrix.NEWER_MESSAGES:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (SCRIPT.parents[1] / file).read_text(), test
