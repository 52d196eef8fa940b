"""The DAGSTER_HOME of a host: the user's, or Reef's own: SQLite, ticks evaluated with threads, runs bounded to the
machine, and what the `dagster.yaml` of the fleet's folder says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from reef.beside.instance_yaml import InstanceYaml, read_instance_yaml
from reef.errors import ReefError
from reef.statedir import StateDir, write_atomic

HEADER = (
    "# Written by `reef up` for its embedded instance. Edit a copy and pass it with --dagster-home;\n"
    "# this file is written anew at each start.\n"
)
TAKEN = "# Written by `reef up` from {file}, and anew at each start: edit that one.\n"
# Settings of which one decides over the others, or which Dagster refuses beside each other.
RIVALS = {"run_coordinator": ("run_queue", "concurrency")}


@dataclass(frozen=True)
class DagsterHome:
    """`fresh`: its storages have not been created yet. `embedded`: Reef's own, nobody else's daemon is there.
    `settings`: of the file that a person would edit."""

    path: str
    embedded: bool
    fresh: bool
    settings: InstanceYaml


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
    return DagsterHome(str(folder), True, fresh, InstanceYaml(str(folder / "dagster.yaml")))


def home_of_file(state: StateDir, file: str, cores: int) -> DagsterHome:
    """Storage in the state directory, settings from the user's `dagster.yaml`, Reef's where that says nothing.
    Raises ReefError."""
    settings = read_instance_yaml(file)
    folder = state.folder("dagster_home")
    fresh = not (folder / "history").exists() and not settings.has_storage
    text = TAKEN.format(file=file) + completed(Path(file).read_text("utf-8"), embedded_config(cores))
    write_atomic(folder / "dagster.yaml", text.encode())
    return DagsterHome(str(folder), False, fresh, settings)


def completed(text: str, defaults: Mapping[str, object]) -> str:
    """The YAML of a map, with the defaults that it does not set itself; its values stay as they are written."""
    node = yaml.compose(text, Loader=yaml.SafeLoader) or yaml.MappingNode("tag:yaml.org,2002:map", [])
    assert isinstance(node, yaml.MappingNode)
    said = yaml.safe_load(text) or {}
    missing = {
        name: value
        for name, value in defaults.items()
        if not any(other in said for other in (name, *RIVALS.get(name, ())))
    }
    node.flow_style = False
    if missing:
        added = yaml.compose(yaml.safe_dump(missing), Loader=yaml.SafeLoader)
        assert isinstance(added, yaml.MappingNode)
        node.value += added.value
    return yaml.serialize(node, Dumper=yaml.SafeDumper)


def users_home(path: str) -> DagsterHome:
    """A DAGSTER_HOME of the user's, or the path of its `dagster.yaml`."""
    chosen = Path(os.path.expanduser(path)).absolute()
    folder = chosen.parent if chosen.name == "dagster.yaml" else chosen
    if not folder.is_dir():
        raise ReefError(
            f"DAGSTER_HOME {str(folder)!r} is not a folder", hint="give the folder of a dagster.yaml"
        )
    settings = read_instance_yaml(str(folder / "dagster.yaml"))
    fresh = not (folder / "history").exists() and not settings.has_storage
    return DagsterHome(str(folder), False, fresh, settings)
