"""Reading CodeLocations from files, and what stands beside them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from reef.errors import ReefError, Where
from reef.fleet.document import Item, parse_documents
from reef.fleet.text import read_text, shown
from reef.kube.model import CodeLocation
from reef.kube.model.resource import is_code_location, read_code_location


@dataclass(frozen=True)
class Documents:
    """The CodeLocations of some files, in their order, and the other objects."""

    locations: tuple[CodeLocation, ...]
    others: tuple[dict[str, Any], ...]


def has_code_locations(path: str) -> bool:
    """Whether a YAML file, or a folder of them, has a CodeLocation in it. Raises ReefError for what is no YAML."""
    if os.path.isdir(path):
        return any(is_code_location(each) for file in _files(path) for each in _documents(file, strict=False))
    return path.endswith((".yaml", ".yml", ".json")) and any(
        map(is_code_location, _documents(path, strict=True))
    )


def read_code_locations(path: str) -> Documents:
    """All CodeLocations of a file or a folder. Raises ReefError, with file and line, for what is none of the model."""
    files = _files(path) if os.path.isdir(path) else [path]
    items = [each for file in files for each in _documents(file, strict=not os.path.isdir(path))]
    locations = [read_code_location(each) for each in items if is_code_location(each)]
    _check_names(locations, path)
    others = [cast("dict[str, Any]", each.value) for each in items if isinstance(each.value, dict)]
    return Documents(tuple(locations), tuple(each for each in others if each.get("kind") != "CodeLocation"))


def _files(folder: str) -> list[str]:
    names = sorted(name for name in os.listdir(folder) if name.endswith((".yaml", ".yml")))
    return [os.path.join(folder, name) for name in names]


def _documents(file: str, strict: bool) -> list[Item]:
    try:
        return [inner for each in parse_documents(read_text(file), shown(file)) for inner in _inside(each)]
    except ReefError:
        if strict:
            raise
        return []  # a folder may hold templates and other things beside


def _inside(item: Item) -> Sequence[Item]:
    """The objects of a List, as `kubectl get -o yaml` prints them."""
    kind, items = item.entries.get("kind"), item.entries.get("items")
    return items.elements if kind and items and str(kind.value).endswith("List") else [item]


def _check_names(locations: Sequence[CodeLocation], path: str) -> None:
    seen: set[tuple[str | None, str]] = set()
    for each in locations:
        if (each.namespace, each.location_name) in seen:
            raise ReefError(
                f"two CodeLocations have the location name {each.location_name!r}",
                where=Where(shown(path)),
                hint="Dagster knows a location by its name; rename or remove one",
            )
        seen.add((each.namespace, each.location_name))
