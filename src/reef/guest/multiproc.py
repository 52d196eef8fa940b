"""multiprocessing, as a process that has just started has it."""

from __future__ import annotations

import os
from multiprocessing import process, spawn


def start_anew(python: str, cwd: str) -> None:
    """A secret of its own, and runs that are spawned with the location's interpreter, in its directory."""
    key = process.AuthenticationString(os.urandom(32))  # type: ignore[attr-defined]
    process.current_process()._config["authkey"] = key  # type: ignore[attr-defined]
    process.ORIGINAL_DIR = cwd  # type: ignore[attr-defined]
    spawn.set_executable(python)
