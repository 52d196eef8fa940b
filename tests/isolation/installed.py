"""Environments with real libraries from a package index, made once for each list of requirements."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import pytest
from tiny_venvs import build_wheel, run

from reef.demo.wheels import install_wheel

CACHE = Path.home() / ".cache" / "reef-tests"
HERE = Path(__file__).parent
ACME = HERE / "cases" / "acme_lean"


def environment(*requirements: str) -> Path:
    """The interpreter of an environment with our Dagster, these, and the wheel of the case "sets state". Skips the
    test where they cannot be had."""
    wanted = [f"dagster=={version('dagster')}", *sorted(requirements)]
    made_of = repr((wanted, sys.version, ACME.joinpath("__init__.py").read_text()))
    folder = CACHE / hashlib.sha256(made_of.encode()).hexdigest()[:16]
    CACHE.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make(folder, wanted)
    return folder / "bin" / "python"


def _make(folder: Path, wanted: Sequence[str]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    run("uv", "venv", "-q", "--python", sys.executable, folder)
    python = str(folder / "bin" / "python")
    command = [_uv(), "pip", "install", "-q", "--compile-bytecode", "--python", python, *wanted]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot be installed here: {done.stderr.strip()[-300:]}")
    (site,) = (folder / "lib").glob("python*/site-packages")
    files = {"acme_lean/__init__.py": (ACME / "__init__.py").read_text()}
    install_wheel(build_wheel(folder, "acme_lean", "1.0", files), site)
    (folder / "complete").touch()


def _uv() -> str:
    beside = Path(sys.executable).parent / "uv"
    return str(beside) if beside.exists() else shutil.which("uv") or "uv"
