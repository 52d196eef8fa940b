"""`reef demo` on the command line: what it refuses. What it writes is in test_demo.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from deadlines import scaled


def _reef(*arguments: str, cache: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "reef.cli.main", "demo", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": str(cache), "XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, timeout=scaled(100), check=False,
    )  # fmt: skip


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
