"""What hosts found out about interpreters, and an instance's storages that Dagster has made: some three seconds of
computing less, each, for every host that is new.

A session's processes share one folder, which `conftest.py` makes; files get there whole. Names that begin with a dot
are no host's.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from deadlines import scaled

# All that host, webserver and daemon find missing in an empty home.
MAKE = """
from dagster import DagsterInstance
from dagster._core.telemetry import get_or_set_instance_id

with DagsterInstance.get() as instance:
    instance.get_runs_count()
    instance.all_instigator_state()
    instance.get_asset_keys(limit=1)
    instance.run_storage.get_run_storage_id()
    get_or_set_instance_id()
"""
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


def give_storages(home: Path) -> None:
    """To a Dagster home that is about to be used for the first time: what Dagster makes in an empty one."""
    known = Path(os.environ[KNOWN])
    with (known / ".storages.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (known / ".storages").exists():
            _make_storages(known / ".storages-half")
            (known / ".storages-half").rename(known / ".storages")
    shutil.copytree(known / ".storages", home)
    home.chmod(0o700)


def _make_storages(home: Path) -> None:
    home.mkdir()
    (home / "dagster.yaml").write_text("{}\n")
    environ = {**os.environ, "DAGSTER_HOME": str(home)}
    command = [sys.executable, "-c", MAKE]
    subprocess.run(command, env=environ, cwd="/", check=True, capture_output=True, timeout=scaled(60))
    (home / "dagster.yaml").unlink()
