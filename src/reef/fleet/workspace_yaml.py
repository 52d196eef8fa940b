"""Reading Dagster's `workspace.yaml`, to the same locations as Dagster makes of it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from reef.fleet.document import Item, read_document
from reef.fleet.model import Fleet
from reef.fleet.names import check_names
from reef.fleet.suggest import did_you_mean
from reef.fleet.workspace_location import Surroundings, read_entry

_NOT_DAGSTER = {
    "locations": "a map of locations belongs into reef.yaml; Dagster's workspace.yaml has load_from",
    "repository": "this is a repository.yaml of a Dagster before 0.9; write it as load_from",
}


def read_workspace_yaml(
    paths: Sequence[str], environ: Mapping[str, str], default_python: str, cwd: str
) -> Fleet:
    """The fleet of one or several workspace files, as a Dagster that runs in `cwd` would see it.

    Raises ReefError for what concerns a whole file; a location that lacks something is `broken`.
    """
    around = Surroundings(cwd, environ, default_python)
    locations = [read_entry(entry, path, around) for path in paths for entry in _entries(read_document(path))]
    check_names(locations)
    return Fleet(
        locations=tuple(locations),
        source=os.path.abspath(paths[0]),
        folder=os.path.abspath(cwd),
        kind="workspace",
        default_python=default_python,
        warnings=tuple(around.warnings),
        files=tuple(map(os.path.abspath, [*paths, *around.files])),
    )


def _entries(document: Item) -> Sequence[Item]:
    if not isinstance(document.value, dict):
        raise document.error("must be a map with load_from", "load_from:\n  - python_file: definitions.py")
    for name, entry in document.entries.items():
        if name != "load_from":
            raise entry.error("is not a setting", _NOT_DAGSTER.get(name) or did_you_mean(name, ["load_from"]))
    load_from = document.entries.get("load_from")
    if load_from is None:
        raise document.error("has no load_from", "a workspace without locations is load_from: []")
    if not isinstance(load_from.value, list):
        raise load_from.invalid("a list of locations")
    return load_from.elements
