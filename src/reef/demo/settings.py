"""The demo's `reef.yaml`: the one place that knows that file's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from reef.demo.catalogue import HUNGRY, Entry

_OPENING = (
    "# The demo fleet: sixty locations of eight teams. Edit the code or this file and watch what happens.\n"
)


def reef_yaml(entries: Iterable[Entry], folder: Path, python: str, pythons: Mapping[str, str]) -> str:
    """The text of the file; interpreters below `folder` are written relative to it."""
    interpreters = {env: _relative(path, folder) for env, path in pythons.items()}
    document = {
        "python": python,
        "locations": {entry.name: _location(entry, interpreters) for entry in entries},
    }
    return _OPENING + yaml.safe_dump(document, sort_keys=False, width=110)


def _location(entry: Entry, pythons: Mapping[str, str]) -> dict[str, object]:
    home = f"locations/{entry.owner}/{entry.name}"
    settings: dict[str, object] = {"owner": entry.owner, **_code(entry, home)}
    if entry.env:
        settings["python"] = pythons[entry.env]
    if setting := entry.setting("setting"):
        settings["env"] = {setting: "4711"}
    if entry.name == HUNGRY:
        settings["memory_limit"] = "1Gi"
        settings["idle_timeout"] = "60s"
    if entry.owner == "planning":
        settings["idle_timeout"] = "5m"
    return settings


def _code(entry: Entry, home: str) -> dict[str, str]:
    if entry.shape == "package":
        return {"code": entry.module, "working_directory": home}
    return {"code": f"{home}/definitions.py"}


def _relative(path: str, folder: Path) -> str:
    inside = Path(path)
    return str(inside.relative_to(folder)) if inside.is_relative_to(folder) else path
