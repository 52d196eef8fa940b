"""In which order the files of tests are begun."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import order
from deadlines import scaled

ROOT = Path(__file__).parents[2]
TESTS = ["b/quick.py::one", "a/long.py::two", "a/long.py::one", "c/longest.py::one", "a/quick.py::one"]


def test_the_longest_files_come_first_and_each_stays_whole() -> None:
    took = {"a/long.py": 30.0, "c/longest.py": 90.0, "gone.py": 500.0}
    assert order.longest_first(TESTS, order.file_of, took) == [
        *("c/longest.py::one", "a/long.py::two", "a/long.py::one"),
        *("a/quick.py::one", "b/quick.py::one"),
    ]


def test_files_that_share_what_takes_long_to_start_follow_one_another() -> None:
    took = {"tests/hosting/test_b.py": 30.0, "tests/hosting/test_a.py": 20.0, "tests/long.py": 40.0}
    files = ["tests/long.py", "tests/hosting/test_a.py", "tests/hosting/test_c.py", "tests/hosting/test_b.py"]
    assert order.longest_first(files, order.file_of, took) == [
        *("tests/hosting/test_b.py", "tests/hosting/test_a.py", "tests/hosting/test_c.py", "tests/long.py")
    ]


def test_each_file_that_asks_for_an_api_server_shares_it() -> None:
    asks = re.compile(r"\b(api_server|kube_namespace)\b")
    files = [file for file in (ROOT / "tests").rglob("test_*.py") if asks.search(file.read_text("utf-8"))]
    names = [str(file.relative_to(ROOT)) for file in files if file != Path(__file__)]
    assert len(names) > 10
    assert [
        name
        for name in names
        if order.unit_of(name) != order.API_SERVER and not name.startswith("tests/cluster/")
    ] == []
    assert [start for start in order.TOGETHER if not (ROOT / start).exists()] == []


UNITS = """
import os
from pathlib import Path

def test_one(worker_id):
    with Path({seen!r}).open("a") as seen:
        print(os.path.basename(__file__), worker_id, file=seen)
"""


def test_a_unit_has_one_worker(tmp_path: Path) -> None:
    """A pytest of its own, with this one's conftest."""
    tests = tmp_path / "tests"
    for name in ("hosting/test_u1.py", "hosting/test_u2.py", "hosting/test_u3.py", "other/test_u4.py"):
        (tests / name).parent.mkdir(parents=True, exist_ok=True)
        (tests / name).write_text(UNITS.format(seen=str(tmp_path / "seen")))
    here = ROOT / "tests"
    (tmp_path / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(here)!r})\nexec(open({str(here / 'conftest.py')!r}).read())\n"
    )
    (tmp_path / "pytest.ini").touch()
    options = ("-q", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options, "tests"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=scaled(60))
    assert done.returncode == 0, done.stdout + done.stderr
    seen = dict(line.split() for line in (tmp_path / "seen").read_text().splitlines())
    assert len(seen) == 4
    assert len({seen[f"test_u{number}.py"] for number in (1, 2, 3)}) == 1
    assert seen["test_u4.py"] != seen["test_u1.py"]


def test_what_is_recorded_is_what_took_long(tmp_path: Path) -> None:
    order.record({"b.py": 61.4, "a.py": 5.0, "short.py": 4.9}, tmp_path / "seconds.json")
    assert json.loads((tmp_path / "seconds.json").read_text()) == {"a.py": 5, "b.py": 61}


def test_each_file_that_is_recorded_is_there() -> None:
    root = Path(__file__).parents[2]
    assert [file for file in order.seconds() if not (root / file).is_file()] == []
