"""`reef doctor --fix`, as a person types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deadlines import scaled

HEAVY = "DATA = bytearray(b'x') * 40_000_000\ndef parse(x): return x * 2\n"
DEFS = """import dagster as dg
import heavy_lib
import heavy_too

LIMIT = heavy_too.parse(2)


@dg.asset
def parsed():
    return heavy_lib.parse(LIMIT)


defs = dg.Definitions(assets=[parsed])
"""
WORKSPACE = (
    "load_from:\n  - python_file: {relative_path: defs.py, working_directory: ., location_name: sales}\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    (packages / "heavy_lib.py").write_text(HEAVY)
    (packages / "heavy_too.py").write_text(HEAVY)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "defs.py").write_text(DEFS)
    (folder / "workspace.yaml").write_text(WORKSPACE)
    return folder


def _doctor(project: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reef.cli.main", "doctor", "-f", str(project), *options]
    env = {**os.environ, "PYTHONPATH": str(project.parent / "site-packages")}
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=scaled(90))


def test_shows_then_does_then_has_nothing_to_do(project: Path) -> None:
    shown = _doctor(project, "--fix", "--diff")
    assert shown.returncode == 1, shown.stderr
    assert shown.stdout.startswith("--- a/defs.py\n+++ b/defs.py\n")
    assert "+    import heavy_lib\n" in shown.stdout
    assert (
        "left  heavy_too  defs.py:5: code of the module itself uses heavy_too.parse while loading"
        in shown.stderr
    )
    assert "2 imports: 1 can be moved, 1 left; not proved yet, which --fix alone does" in shown.stderr
    assert (project / "defs.py").read_text() == DEFS

    done = _doctor(project, "--fix", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    by_module = {one["module"]: one for one in told["outcomes"]}
    assert by_module["heavy_lib"]["status"] == "moved"
    assert by_module["heavy_lib"]["changes"][0]["into"] == [{"function": "parsed", "line": 9}]
    assert abs(by_module["heavy_lib"]["proved"][0]["saved_bytes"] - 40_000_000) < 4_000_000
    assert by_module["heavy_too"]["status"] == "refused"
    assert told["diff"] == shown.stdout
    assert "    import heavy_lib\n" in (project / "defs.py").read_text()

    again = _doctor(project, "--fix")
    assert again.returncode == 0, again.stderr
    assert again.stdout.splitlines()[-1] == "1 import: 1 left"


def test_a_location_that_does_not_load_is_said(project: Path) -> None:
    (project / "defs.py").write_text("import heavy_lib\nraise ValueError('broken')\n")
    done = _doctor(project, "--fix")
    assert done.returncode == 0
    assert "nothing can be proved of it: ValueError: broken" in done.stderr
    assert done.stdout.endswith("1 import: 1 left\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--diff"], "error: --diff goes with --fix\nhint: reef doctor --fix --diff\n"),
        (["--fix", "--check", "--since", "main"], "error: --fix takes no --check or --since\n"),
        (["--fix", "--sarif", "-"], "error: --fix takes no --sarif\n"),
    ],
)
def test_options_that_do_not_go_together(project: Path, options: list[str], said: str) -> None:
    done = _doctor(project, *options)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
