"""Finding out what a person has, and reading it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reef.errors import ReefError, Where
from reef.fleet.budgets import project_doctor
from reef.fleet.dg import find_dg, read_dg
from reef.fleet.document import read_document
from reef.fleet.model import Fleet
from reef.fleet.project import names_a_target, read_project
from reef.fleet.reef_yaml import read_reef_yaml
from reef.fleet.text import shown
from reef.fleet.toml_file import read_toml
from reef.fleet.workspace_yaml import read_workspace_yaml

_REEF = ("reef.yaml", "reef.yml")
_WORKSPACE = ("workspace.yaml", "workspace.yml")
_MARKS = (*_REEF, "dg.toml", *_WORKSPACE)
_LOOKED_FOR = (
    "reef.yaml, dg.toml, pyproject.toml with [tool.dg] or [tool.dagster] that names a module, workspace.yaml"
)


def read(path: str | Sequence[str] | None, environ: Mapping[str, str], default_python: str) -> Fleet:
    """The fleet that a file or a folder describes; None is the current folder.

    A folder is read as by a Dagster that was started in it, a workspace file as by `dagster dev -w FILE` in the
    current folder. Several paths may be given only for several workspace files. Raises ReefError; what is
    wrong with a single location does not stop the others, but makes it `broken`.
    """
    if path is None or isinstance(path, str):
        return _budgeted(_Source(os.path.abspath(path or "."), environ, default_python).fleet())
    if len(path) <= 1:
        return read(path[0] if path else None, environ, default_python)
    return read_workspace_yaml(path, environ, default_python, os.getcwd())


def _budgeted(fleet: Fleet) -> Fleet:
    """With what `[tool.reef]` of a project or workspace says."""
    if fleet.kind == "reef":
        return fleet
    spec = project_doctor(fleet.folder, [location.name for location in fleet.locations])
    return replace(fleet, doctor=spec) if spec else fleet


def read_dagster(path: str | Sequence[str] | None, environ: Mapping[str, str], default_python: str) -> Fleet:
    """As `read`, of what Dagster itself can read: a reef.yaml in a folder is passed over, a named one refused."""
    if path is None or isinstance(path, str):
        fleet = _Source(os.path.abspath(path or "."), environ, default_python, reef_too=False).fleet()
        if fleet.kind == "reef":
            raise _error(
                fleet.source, "is a reef.yaml already", "name what Dagster reads: a workspace.yaml, a project"
            )
        return fleet
    return (
        read(path, environ, default_python)
        if len(path) > 1
        else read_dagster(path[0] if path else None, environ, default_python)
    )


@dataclass(frozen=True)
class _Source:
    path: str
    environ: Mapping[str, str]
    default_python: str
    reef_too: bool = True

    def fleet(self) -> Fleet:
        if os.path.isdir(self.path):
            return self._folder()
        if not os.path.exists(self.path):
            raise _missing(self.path)
        if self.path.endswith(".toml"):
            return self._toml()
        if self.path.endswith(".py"):
            raise _error(
                self.path, "is code, not a list of locations", "name it in a workspace.yaml or reef.yaml"
            )
        if self._is_reef():
            return read_reef_yaml(self.path, self.environ, self.default_python)
        return read_workspace_yaml([self.path], self.environ, self.default_python, os.getcwd())

    def _is_reef(self) -> bool:
        name = os.path.basename(self.path)
        if name in _REEF or name in _WORKSPACE:
            return name in _REEF
        return "load_from" not in read_document(self.path).entries

    def _folder(self) -> Fleet:
        for file in self._found(_REEF) if self.reef_too else ():
            return read_reef_yaml(file, self.environ, self.default_python)
        others = self._found(_WORKSPACE)
        if dg := find_dg(self.path):
            return _warned(read_dg(dg, self.environ, self.default_python), others)
        if (project := os.path.join(self.path, "pyproject.toml")) and _is_project(project):
            return _warned(read_project(project, self.default_python), others)
        for file in others:
            return read_workspace_yaml([file], self.environ, self.default_python, self.path)
        raise _nothing(self.path)

    def _toml(self) -> Fleet:
        folder, name = os.path.split(self.path)
        if name == "dg.toml" or find_dg(folder) == self.path:
            return read_dg(self.path, self.environ, self.default_python)
        if _is_project(self.path):
            return read_project(self.path, self.default_python)
        raise _error(
            self.path, "names no code", "it needs [tool.dg], or [tool.dagster] with module_name or modules"
        )

    def _found(self, names: Sequence[str]) -> list[str]:
        paths = (os.path.join(self.path, name) for name in names)
        return [path for path in paths if os.path.isfile(path)]


def _is_project(path: str) -> bool:
    return os.path.isfile(path) and names_a_target(read_toml(path).table("tool").table("dagster"))


def _warned(fleet: Fleet, unread: Sequence[str]) -> Fleet:
    warnings = [
        f"{shown(path)} is not read: {shown(fleet.source)} comes first, as in Dagster" for path in unread
    ]
    return replace(fleet, warnings=(*fleet.warnings, *warnings))


def _error(path: str, message: str, hint: str) -> ReefError:
    return ReefError(message, where=Where(shown(path)), hint=hint)


def _missing(path: str) -> ReefError:
    folder = os.path.dirname(path)
    near = [name for name in _MARKS if os.path.isfile(os.path.join(folder, name))]
    hint = f"{shown(folder)} has {', '.join(near)}" if near else "name a file, or the folder it is in"
    return _error(path, "does not exist", hint)


def _nothing(folder: str) -> ReefError:
    near = [path for each in _around(folder) for path in _marks_in(each)]
    hint = (
        f"there is {shown(near[0])}"
        if near
        else "name the file, or write a reef.yaml: see docs/configuration.md"
    )
    return ReefError(f"no fleet in {folder}; looked for {_LOOKED_FOR}", hint=hint)


def _around(folder: str) -> list[str]:
    """The folders just below, then those above."""
    below = sorted(entry.path for entry in os.scandir(folder) if entry.is_dir() and entry.name[0] != ".")
    above, parent = [], folder
    while parent != os.path.dirname(parent):
        parent = os.path.dirname(parent)
        above.append(parent)
    return below + above


def _marks_in(folder: str) -> list[str]:
    paths = [os.path.join(folder, name) for name in _MARKS]
    return [path for path in paths if os.path.isfile(path)]
