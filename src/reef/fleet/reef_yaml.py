"""Reading `reef.yaml`."""

from __future__ import annotations

import os
from collections.abc import Mapping

from reef.fleet.budgets import project_doctor, read_doctor
from reef.fleet.decode import decoded
from reef.fleet.deploy_spec import read_deploy
from reef.fleet.document import Item, read_document
from reef.fleet.interpreter import fault_of, resolved_python
from reef.fleet.measured import read_size
from reef.fleet.model import DoctorSpec, Fleet, HistorySpec
from reef.fleet.paths import Base, folder_of
from reef.fleet.reef_location import Reading, read_location
from reef.fleet.services import read_services
from reef.fleet.settings import ReefFile


def read_reef_yaml(path: str, environ: Mapping[str, str], default_python: str) -> Fleet:
    """The fleet that a reef.yaml describes. Raises ReefError for what concerns the whole file."""
    document = read_document(path)
    _check_kind(document)
    file = decoded(document, ReefFile, "a map with locations")
    python = _fleet_python(document, folder_of(path), environ) or default_python
    reading = Reading(Base(folder_of(path)), environ, python, document.entries.get("defaults"))
    locations = tuple(
        read_location(name, item, reading) for name, item in document.entries["locations"].entries.items()
    )
    _check_renames(document.entries["locations"])
    return Fleet(
        locations=locations,
        source=os.path.abspath(path),
        folder=folder_of(path),
        kind="reef",
        default_python=python,
        memory_budget_bytes=read_size(document.entries.get("memory_budget")),
        max_simultaneous_wakes=file.max_simultaneous_wakes or None,
        promote=file.promote or "on_change",
        warnings=tuple(dict.fromkeys(reading.warnings)),
        files=tuple(dict.fromkeys([os.path.abspath(path), *reading.files])),
        history=_history(document.entries.get("history")),
        deploy=read_deploy(document.entries.get("deploy"), [location.name for location in locations]),
        services=read_services(document.entries.get("services"), folder_of(path), python, environ),
        doctor=_doctor(document, path, [location.name for location in locations]),
    )


def _check_kind(document: Item) -> None:
    """An object of Kubernetes says which image the code is in; here is code of this machine wanted."""
    kind, version = document.entries.get("kind"), document.entries.get("apiVersion")
    if kind is not None and version is not None:
        raise kind.error(
            f"{kind.value} is an object of Kubernetes, and no fleet of this machine",
            "name a checkout of the code: a reef.yaml, a workspace.yaml or a Dagster project",
        )


def _history(item: Item | None) -> HistorySpec | None:
    """The item is already known to fit its model."""
    if item is None or item.value is None or item.value is True:
        return HistorySpec()
    if not item.entries:
        return HistorySpec() if item.value == {} else None
    days, size = item.entries.get("days"), read_size(item.entries.get("size"))
    kept = days.value if days is not None and isinstance(days.value, int) else HistorySpec.days
    return HistorySpec(kept, HistorySpec.most_bytes if size is None else size)


def _doctor(document: Item, path: str, locations: list[str]) -> DoctorSpec:
    """A pyproject.toml beside it is asked where the file itself says nothing."""
    if {"budgets", "doctor"} & set(document.entries):
        return read_doctor(document, locations)
    return project_doctor(folder_of(path), locations) or DoctorSpec()


def _check_renames(locations: Item) -> None:
    """An old name must be gone, and can have been the name of one location only."""
    taken: dict[str, str] = {}
    for name, item in locations.entries.items():
        said = item.entries.get("renamed_from")
        if said is None:
            continue
        old = str(said.value)
        if old in locations.entries and old != name:
            raise said.error(f'= "{old}", which is still a location of this file', "remove one of the two")
        if old in taken:
            raise said.error(
                f'= "{old}", which {taken[old]!r} says too', "only one location can have had the name"
            )
        taken[old] = name


def _fleet_python(document: Item, folder: str, environ: Mapping[str, str]) -> str | None:
    item = document.entries.get("python")
    if item is None or item.value is None:
        return None
    python = resolved_python(str(item.value), folder, environ)
    if fault := fault_of(python):
        raise item.error(f'= "{item.value}", {python} {fault}', "name an interpreter that has Dagster")
    return python
