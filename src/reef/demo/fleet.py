"""Write the demo fleet: code, environments and `reef.yaml`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from reef.demo import catalogue
from reef.demo.catalogue import Entry
from reef.demo.packages import environments
from reef.demo.render import render
from reef.demo.settings import reef_yaml
from reef.demo.venvs import make_environments

_MARK = ".reef-demo.json"


@dataclass(frozen=True)
class DemoFleet:
    """What was written: `spec` is the reef.yaml, `broken` the location that is meant not to load."""

    folder: Path
    spec: Path
    python: str
    locations: tuple[Entry, ...]
    warnings: tuple[str, ...] = ()
    reused: bool = False
    broken: str = catalogue.BROKEN


def write_fleet(folder: Path, *, python: str, reuse: bool = True) -> DemoFleet:
    """Write the sixty locations and their environments below `folder`, for the interpreter `python`.

    A folder that already holds the same fleet for the same interpreter is left as it is unless `reuse` is
    false. Raises ReefError where `python` has no Dagster.
    """
    folder = folder.resolve()
    files = _sources()
    mark = {"digest": _digest(files), "python": python}
    if reuse and _current(folder, mark):
        return DemoFleet(folder, folder / "reef.yaml", python, catalogue.entries(), reused=True)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / "locations", ignore_errors=True)
    shutil.rmtree(folder / "envs", ignore_errors=True)
    _write(folder, files)
    made = make_environments(python, folder / "envs", environments())
    spec = folder / "reef.yaml"
    spec.write_text(reef_yaml(catalogue.entries(), folder, python, made.pythons))
    if not made.warnings:  # a fleet that lacks something is tried again the next time
        (folder / _MARK).write_text(json.dumps(mark))
    return DemoFleet(folder, spec, python, catalogue.entries(), made.warnings)


def _sources() -> dict[str, str]:
    return {
        f"locations/{entry.owner}/{entry.name}/{name}": source
        for entry in catalogue.entries()
        for name, source in render(entry).items()
    }


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)


def _digest(files: Mapping[str, str]) -> str:
    here = Path(__file__).parent
    shape = [(here / name).read_text() for name in ("settings.py", "packages.py", "clone.py")]
    return hashlib.sha256(json.dumps([sorted(files.items()), shape]).encode()).hexdigest()


def _current(folder: Path, mark: Mapping[str, str]) -> bool:
    try:
        return bool(json.loads((folder / _MARK).read_text()) == mark) and (folder / "reef.yaml").is_file()
    except (OSError, ValueError):
        return False
