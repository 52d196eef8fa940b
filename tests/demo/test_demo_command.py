"""`reef demo` on the command line: what it writes, what it refuses."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml


def _reef(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reef.cli.main", "demo", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(cache), "XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


def test_it_writes_once_and_then_uses_what_is_there(tmp_path: Path) -> None:
    first = _reef("--write-only", cache=tmp_path)
    assert first.returncode == 0, first.stderr
    spec = Path(first.stdout.strip())
    assert spec.is_relative_to(tmp_path)
    assert "written in" in first.stderr
    assert len(yaml.safe_load(spec.read_text())["locations"]) == 60
    spec.write_text(spec.read_text() + "# mine\n")
    again = _reef("--write-only", "--keep", cache=tmp_path)
    assert again.stdout.strip() == str(spec)
    assert spec.read_text().endswith("# mine\n")


def test_an_interpreter_that_is_none_is_refused_with_a_hint(tmp_path: Path) -> None:
    done = _reef("--write-only", "--python", "/nowhere/python", cache=tmp_path)
    assert done.returncode == 2
    assert "'/nowhere/python'" in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_interpreter_without_dagster_is_refused_with_a_hint(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(empty)], check=True)
    done = _reef("--write-only", "--python", str(empty / "bin" / "python"), cache=tmp_path)
    assert done.returncode == 2
    assert "has no Dagster" in done.stderr
    assert "hint:" in done.stderr
