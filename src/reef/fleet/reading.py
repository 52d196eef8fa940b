"""Finding out what a person has, and reading it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from reef.errors import ReefError, Where
from reef.fleet.model import Fleet
from reef.fleet.reef_yaml import read_reef_yaml
from reef.fleet.text import shown
from reef.fleet.workspace_yaml import read_workspace_yaml

REEF_FILES = ("reef.yaml", "reef.yml")
WORKSPACE_FILES = ("workspace.yaml", "workspace.yml")


def read(path: str | Sequence[str] | None, environ: Mapping[str, str], default_python: str) -> Fleet:
    """The fleet that a file or a folder describes; None is the current folder.

    Several paths may be given only for several workspace.yaml. Raises ReefError; what is wrong with a single
    location does not stop the others, but makes it `broken`.
    """
    if path is None or isinstance(path, str):
        return _read_one(os.path.abspath(path or "."), environ, default_python)
    if len(path) <= 1:
        return read(path[0] if path else None, environ, default_python)
    return read_workspace_yaml(path, environ, default_python, os.getcwd())


def _read_one(path: str, environ: Mapping[str, str], default_python: str) -> Fleet:
    if os.path.isdir(path):
        return _read_folder(path, environ, default_python)
    if not os.path.exists(path):
        raise ReefError(
            "does not exist", where=Where(shown(path)), hint="name a file, or the folder it is in"
        )
    if os.path.basename(path) in REEF_FILES:
        return read_reef_yaml(path, environ, default_python)
    return read_workspace_yaml([path], environ, default_python, os.getcwd())


def _read_folder(folder: str, environ: Mapping[str, str], default_python: str) -> Fleet:
    for name in REEF_FILES:
        if os.path.exists(file := os.path.join(folder, name)):
            return read_reef_yaml(file, environ, default_python)
    for name in WORKSPACE_FILES:
        if os.path.exists(file := os.path.join(folder, name)):
            return read_workspace_yaml([file], environ, default_python, folder)
    raise ReefError("no fleet found here", where=Where(shown(folder)))
