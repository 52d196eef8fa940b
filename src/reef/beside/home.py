"""The embedded DAGSTER_HOME: SQLite, ticks evaluated with threads, runs bounded to the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import yaml

from reef.errors import ReefError, Where
from reef.statedir import StateDir, write_atomic
from reef.words import describe

OTHER_STORAGE = {"storage", "run_storage", "event_log_storage", "schedule_storage"}
HEADER = (
    "# Written by `reef up` for its embedded instance. Edit a copy and pass it with --dagster-home;\n"
    "# this file is written anew at each start.\n"
)


@dataclass(frozen=True)
class DagsterHome:
    """`fresh`: its storages have not been created yet. `embedded`: Reef's own, nobody else's daemon is there."""

    path: str
    embedded: bool
    fresh: bool
    injects_secrets: bool = False


def embedded_config(cores: int) -> dict[str, object]:
    """One slow wake must delay nobody's tick, and runs must not take the whole machine."""
    threads = {"use_threads": True, "num_workers": 8}
    return {
        "sensors": threads,
        "schedules": threads,
        "run_coordinator": {
            "module": "dagster._core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"max_concurrent_runs": max(2, cores)},
        },
        "telemetry": {"enabled": False},
    }


def embedded_home(state: StateDir, cores: int) -> DagsterHome:
    folder = state.folder("dagster_home")
    fresh = not (folder / "history").exists()
    write_atomic(folder / "dagster.yaml", (HEADER + yaml.safe_dump(embedded_config(cores))).encode())
    return DagsterHome(str(folder), embedded=True, fresh=fresh)


def users_home(path: str) -> DagsterHome:
    """A DAGSTER_HOME of the user's, or the path of its `dagster.yaml`."""
    chosen = Path(path).absolute()
    folder = chosen.parent if chosen.name == "dagster.yaml" else chosen
    config = folder / "dagster.yaml"
    if not folder.is_dir():
        raise ReefError(
            f"DAGSTER_HOME {str(folder)!r} is not a folder", hint="give the folder of a dagster.yaml"
        )
    settings = _settings(config)
    fresh = not (folder / "history").exists() and not OTHER_STORAGE & settings.keys()
    return DagsterHome(str(folder), embedded=False, fresh=fresh, injects_secrets="secrets" in settings)


def _settings(config: Path) -> dict[str, object]:
    try:
        loaded = yaml.safe_load(config.read_bytes()) or {}
    except FileNotFoundError:
        return {}
    except (OSError, yaml.YAMLError) as error:
        raise ReefError(f"cannot be read: {describe(error)}", where=Where(str(config))) from None
    if not isinstance(loaded, dict):
        raise ReefError("must be a mapping of settings", where=Where(str(config)))
    return loaded


def home_for(state: StateDir, chosen: str | None) -> DagsterHome:
    """The user's where one was named, else the embedded one."""
    return users_home(chosen) if chosen else embedded_home(state, os.cpu_count() or 2)
