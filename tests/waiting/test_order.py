"""In which order the files of tests are begun."""

from __future__ import annotations

import json
from pathlib import Path

import order

TESTS = ["b/quick.py::one", "a/long.py::two", "a/long.py::one", "c/longest.py::one", "a/quick.py::one"]


def test_the_longest_files_come_first_and_each_stays_whole() -> None:
    took = {"a/long.py": 30.0, "c/longest.py": 90.0, "gone.py": 500.0}
    assert order.longest_first(TESTS, order.file_of, took) == [
        *("c/longest.py::one", "a/long.py::two", "a/long.py::one"),
        *("a/quick.py::one", "b/quick.py::one"),
    ]


def test_what_is_recorded_is_what_took_long(tmp_path: Path) -> None:
    order.record({"b.py": 61.4, "a.py": 5.0, "short.py": 4.9}, tmp_path / "seconds.json")
    assert json.loads((tmp_path / "seconds.json").read_text()) == {"a.py": 5, "b.py": 61}


def test_each_file_that_is_recorded_is_there() -> None:
    root = Path(__file__).parents[2]
    assert [file for file in order.seconds() if not (root / file).is_file()] == []
