"""Where a change would have to be to touch a location: modules, folders, files of settings and dependencies."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from reef.fleet.model import Location
from reef.importgraph.model import Footprint
from reef.importgraph.tree import Tree
from reef.importgraph.walk import Reached, reached_from
from reef.importgraph.working_copies import declared_copies, import_folders_of, included, installed_copies
from reef.sources import import_folders, source_root

_DEPENDENCIES = (
    *("requirements*.txt", "constraints*.txt", "pyproject.toml", "setup.py", "setup.cfg", "uv.lock"),
    *(
        "poetry.lock",
        "pdm.lock",
        "pylock*.toml",
        "Pipfile",
        "Pipfile.lock",
        "environment.y*ml",
        "conda-lock.yml",
    ),
)


def footprint_of(spec: Location, tree: Tree, top: str, environ: Mapping[str, str]) -> Footprint:
    """Reads files below and beside `top`, the folder of the repository. Blocks."""
    if spec.code is None:
        return Footprint(spec.name, {}, external=True)
    root = source_root(spec)
    own = [*import_folders(spec), *_python_path(spec, environ)]
    anchors = [folder for folder in (root, spec.code.working_directory, spec.cwd) if folder]
    dependencies = _dependency_files(anchors[:1], top, tree)
    copies, installed = installed_copies(spec.python)
    projects = [*installed]
    projects += [
        os.path.dirname(file) for file in dependencies if file.endswith(("pyproject.toml", "setup.py"))
    ]
    projects += declared_copies(dependencies)
    folders = [*own, *copies, *(f for project in dict.fromkeys(projects) for f in import_folders_of(project))]
    reached = _reached(spec, tree, folders)
    used = [p for p in dict.fromkeys(projects) if any(file.startswith(f"{p}/") for file in reached.via)]
    return _real(
        Footprint(
            spec.name,
            reached.via,
            reached.unclear,
            root if root and os.path.abspath(root) != "/" else None,
            tuple(sorted({os.path.dirname(f) for f in reached.via if os.path.basename(f) == "__init__.py"})),
            _env_files(spec),
            tuple(dict.fromkeys((*dependencies, *_dependency_files(used, top, tree)))),
            has_dbt="dagster_dbt" in reached.packages,
        )
    )


def _reached(spec: Location, tree: Tree, folders: Iterable[str]) -> Reached:
    code = spec.code
    assert code is not None
    file = os.path.abspath(code.python_file) if code.python_file else None
    return reached_from(
        tree,
        folders,
        file=file,
        module=code.module_name or code.package_name,
        whole=code.autoload_defs_module_name,
    )


def _python_path(spec: Location, environ: Mapping[str, str]) -> list[str]:
    """The folders of the PYTHONPATH that Reef itself has, where the location sets none of its own."""
    if "PYTHONPATH" in spec.env:
        return []
    parts = environ.get("PYTHONPATH", "").split(os.pathsep)
    return [os.path.abspath(os.path.join(spec.cwd, part)) for part in parts if part]


def _env_files(spec: Location) -> tuple[str, ...]:
    working = spec.code.working_directory if spec.code else None
    beside = [f"{folder}/.env" for folder in (spec.cwd, working) if folder]
    return tuple(dict.fromkeys((*spec.env_files, *spec.awaited_files, *beside)))


def _dependency_files(folders: Iterable[str], top: str, tree: Tree) -> tuple[str, ...]:
    """Of each kind of file the nearest above each folder, up to the repository's own."""
    found: dict[str, None] = {}
    for start in folders:
        kinds = set(_DEPENDENCIES)
        for folder in _upwards(start, top):
            for kind in sorted(kinds):
                if names := fnmatch.filter(tree.entries(folder), kind):
                    kinds.discard(kind)
                    found |= dict.fromkeys(f"{folder}/{name}" for name in sorted(names))
    return tuple(_with_included(found))


def _with_included(files: Iterable[str]) -> Iterator[str]:
    waiting, seen = list(files), set()
    while waiting:
        file = waiting.pop(0)
        if file not in seen:
            seen.add(file)
            yield file
            waiting += included(file) if file.endswith(".txt") else []


def _upwards(folder: str, top: str) -> Iterator[str]:
    folder = os.path.realpath(folder)
    while folder == top or folder.startswith(f"{top}/"):
        yield folder
        if folder == top:
            return
        folder = os.path.dirname(folder)


def _real(footprint: Footprint) -> Footprint:
    """With links resolved, as the files that git names; a link that is itself a module counts as both."""
    via = {
        name: way for file, way in footprint.via.items() for name in (_place(file), os.path.realpath(file))
    }
    via = {file: (_place(way[0]), way[1]) if way else None for file, way in via.items()}
    return replace(
        footprint,
        via=via,
        source_root=os.path.realpath(footprint.source_root) if footprint.source_root else None,
        data_folders=tuple(map(os.path.realpath, footprint.data_folders)),
        env_files=tuple(map(_place, footprint.env_files)),
        dependency_files=tuple(map(_place, footprint.dependency_files)),
    )


def _place(path: str) -> str:
    """The folder's links resolved, the file's own not."""
    folder, name = os.path.split(os.path.abspath(path))
    return f"{os.path.realpath(folder)}/{name}" if folder != "/" else path


def dbt_files(changed: Iterable[str], top: str, tree: Tree) -> frozenset[str]:
    """Those that lie in a dbt project: at or below a folder with its `dbt_project.yml`."""

    def is_in_one(path: str) -> bool:
        return any(tree.has(folder, "dbt_project.yml") for folder in _upwards(os.path.dirname(path), top))

    return frozenset(filter(is_in_one, changed))
