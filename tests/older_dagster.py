"""The interpreter of an environment with a Dagster that is a year old, as the clients of some webservers are."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from every_python import OLDER

VARIABLE = "REEF_TEST_OLDER_PYTHON"
CACHE = Path.home() / ".cache" / "reef-tests"


def older_python() -> str:
    """The one that the variable names, else one that is made once and kept. Skips the test where it cannot be had."""
    python = Path(os.environ.get(VARIABLE) or _folder() / "bin" / "python")
    if (why := make_older()) is not None:
        pytest.skip(f"{why}; {VARIABLE} may name an interpreter with a Dagster of a year ago")
    return str(python)


def make_older() -> str | None:
    """Make it where it is not there; why it cannot be made. It needs a package index, so it is called before a test
    enters a network without a way out."""
    if os.environ.get(VARIABLE):
        return None
    folder = _folder()
    CACHE.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return None if (folder / "complete").exists() else _made(folder)


def _folder() -> Path:
    return CACHE / f"dagster-{OLDER}-on-{sys.version_info.major}.{sys.version_info.minor}"


def _made(folder: Path) -> str | None:
    beside = Path(sys.executable).parent
    uv = shutil.which("uv", path=f"{beside}:{os.environ.get('PATH', '')}")
    if uv is None:
        return "uv is missing"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    command = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", folder / "bin" / "python"]
    done = subprocess.run([*command, f"dagster=={OLDER}"], capture_output=True, text=True)
    if done.returncode:
        return f"dagster {OLDER} cannot be installed here: {done.stderr.strip()[-300:]}"
    (folder / "complete").touch()
    return None
