"""Asking an interpreter what it is: one short process each, errors as data."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reef.environments.model import OLDEST_PYTHON, EnvironmentProblem
from reef.words import fault

Facts = Mapping[str, Any]
_MARK = b"reef-environment "
_running: set[subprocess.Popen[bytes]] = set()
_starting = threading.Lock()
_SCRIPT = Path(__file__).with_name("inspect_script.py")


def ask(python: str, timeout_s: float = 30.0) -> Facts | EnvironmentProblem:
    """What `python` says about itself. Blocks; never raises for what the interpreter is or does."""
    found = _missing(python)
    if found:
        return found
    try:
        output = _run(python, timeout_s)
    except subprocess.TimeoutExpired:
        return EnvironmentProblem(
            python,
            f"{python} did not answer within {timeout_s:g} s",
            "run it by hand; a sitecustomize or .pth file may be waiting for something",
        )
    except OSError as error:
        return EnvironmentProblem(
            python, f"{python} cannot be run: {fault(error)}", "name a Python interpreter"
        )
    return _read(python, *output)


def _missing(python: str) -> EnvironmentProblem | None:
    hint = "name the interpreter of the location's environment, such as /path/to/.venv/bin/python"
    if not os.path.exists(python):
        return EnvironmentProblem(python, f"{python} does not exist", hint)
    if os.path.isdir(python):
        return EnvironmentProblem(python, f"{python} is a folder, not an interpreter", hint)
    if not os.access(python, os.X_OK):
        return EnvironmentProblem(python, f"{python} may not be executed", "check its permissions (chmod +x)")
    return None


def _environ() -> dict[str, str]:
    """The interpreter as such: what a location's PYTHON* settings change is decided elsewhere."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "__PYVENV_LAUNCHER__"}
    return kept | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8"}


def _start(python: str) -> subprocess.Popen[bytes]:
    with _starting:
        process = subprocess.Popen(
            [python, "-c", _SCRIPT.read_text()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environ(),
            cwd="/",
            start_new_session=True,
        )
        _running.add(process)
    return process


def _run(python: str, timeout_s: float) -> tuple[int, bytes, bytes]:
    process = _start(python)
    try:
        out, err = process.communicate(timeout=timeout_s)
    except BaseException:
        _end(process)
        raise
    finally:
        _running.discard(process)
    return process.returncode, out, err


def end_all() -> None:
    """Kill every interpreter that is being asked now, in whatever other thread; none is started after it."""
    _starting.acquire()  # for good: one that is just being started is not known yet
    for process in list(_running):
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()
    process.wait()


def _read(python: str, status: int, out: bytes, err: bytes) -> Facts | EnvironmentProblem:
    lines = [line for line in out.splitlines() if line.startswith(_MARK)]
    if not lines:
        return EnvironmentProblem(
            python,
            f"{python} did not answer as a Python interpreter does: {_last_words(status, err)}",
            "name a Python interpreter that starts without an error",
        )
    facts: dict[str, Any] = json.loads(lines[-1][len(_MARK) :])
    if tuple(facts["version"]) < OLDEST_PYTHON:
        return _too_old(python, facts)
    return facts


def _last_words(status: int, err: bytes) -> str:
    lines = [line for line in err.decode(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip()[:200] if lines and status else f"exit status {status}"


def _too_old(python: str, facts: Facts) -> EnvironmentProblem:
    version = ".".join(map(str, facts["version"][:2]))
    oldest = ".".join(map(str, OLDEST_PYTHON))
    return EnvironmentProblem(
        python, f"{python} is Python {version}, older than {oldest}", f"use Python {oldest} or newer"
    )
