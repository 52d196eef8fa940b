"""multiprocessing, as a process that has just started has it."""

from __future__ import annotations

import os
from multiprocessing import process
from typing import Any

from . import hidden


def start_anew(python: str, cwd: str) -> None:
    """A secret of its own, and runs that are spawned with the location's interpreter, in its directory."""
    key = process.AuthenticationString(os.urandom(32))  # type: ignore[attr-defined]
    process.current_process()._config["authkey"] = key  # type: ignore[attr-defined]
    process.ORIGINAL_DIR = cwd  # type: ignore[attr-defined]
    spawn: Any = hidden.found("multiprocessing.spawn")
    if spawn is not None:  # else it takes this interpreter's when it is imported
        spawn.set_executable(python)
