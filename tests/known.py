"""What hosts found out about interpreters, for the hosts of all tests: some three seconds less for each that is new.

A session's processes share one folder, which `conftest.py` makes; files get there whole.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

KNOWN = "PYTEST_KNOWN_ENVIRONMENTS"  # the session's folder


def give_to(state: Path) -> None:
    """To the state directory of a host that is about to start."""
    shutil.copytree(os.environ[KNOWN], state / "environments", ignore=shutil.ignore_patterns(".*"))


def take_from(state: Path, *, ended: bool) -> None:
    """What that host knows now. A database is whole once its host has ended; the other files are so at any time."""
    known = Path(os.environ[KNOWN])
    for file in (state / "environments").glob("[!.]*" if ended else "[!.]*.json"):
        half = known / f".{os.getpid()}-{file.name}"
        shutil.copyfile(file, half)
        half.replace(known / file.name)
