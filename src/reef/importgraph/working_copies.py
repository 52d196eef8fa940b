"""Folders of working copies that a location imports from, read from files alone: no interpreter is started."""

from __future__ import annotations

import glob
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlparse

from reef.environments.startup import startup

_LAYOUTS = ("src", "lib", "python")
_PATH_LINE = re.compile(
    r"^(?:-e|--editable)?[ =]*(?:[\w.\[\], -]+@[ ]*)?(?:file:(?://)?)?(\.{0,2}/?[^\s#;@]*)"
)
_INCLUDED = re.compile(r"^(?:-r|--requirement)[ =]*(\S+)")


def import_folders_of(project: str) -> list[str]:
    """Where a working copy's modules lie: the folder itself, `src`, and what its pyproject.toml names."""
    named = [os.path.join(project, name) for name in _LAYOUTS]
    tool = _toml(os.path.join(project, "pyproject.toml")).get("tool", {})
    setuptools = _table(tool, "setuptools")
    named += [os.path.join(project, str(at)) for at in _table(setuptools, "package-dir").values()]
    where = _table(_table(setuptools, "packages"), "find").get("where", [])
    named += [os.path.join(project, str(at)) for at in where if isinstance(where, list)]
    return [project, *(os.path.normpath(folder) for folder in named if os.path.isdir(folder))]


@lru_cache(maxsize=1024)  # many locations share an environment
def installed_copies(python: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Import folders that `.pth` files and editable finders of an interpreter's environment name, and the
    projects of distributions that were installed from a local folder."""
    prefix = os.path.dirname(os.path.dirname(python))
    sites = sorted(glob.glob(os.path.join(glob.escape(prefix), "lib", "python3*", "site-packages")))
    found = startup(sites, [], [])
    folders = [os.path.normpath(folder) for file in found.pth_files for folder in _lines_of_pth(file)]
    folders += [os.path.dirname(folder) for folder in found.working_copies.values()]
    return tuple(folders), tuple(project for site in sites for project in _from_folders(site))


def _lines_of_pth(file: str) -> Iterator[str]:
    for line in _text(file).splitlines():
        path = os.path.join(os.path.dirname(file), line.strip())
        if line.strip() and not line.startswith(("#", "import ", "import\t")) and os.path.isdir(path):
            yield path


def _from_folders(site: str) -> Iterator[str]:
    for file in glob.glob(os.path.join(glob.escape(site), "*.dist-info", "direct_url.json")):
        try:
            url = urlparse(str(json.loads(_text(file)).get("url", "")))
        except (ValueError, AttributeError):
            continue
        if url.scheme == "file" and os.path.isdir(path := unquote(url.path)):
            yield path


def declared_copies(dependency_files: tuple[str, ...]) -> list[str]:
    """Projects that requirements files and pyproject.tomls name by a path, and those that these name in turn."""
    waiting, found, read = list(dependency_files), [], set()
    while waiting:
        file = waiting.pop()
        if file in read:
            continue
        read.add(file)
        for path in _paths_in(file):
            project = os.path.normpath(os.path.join(os.path.dirname(file), path))
            if os.path.isdir(project) and project not in found:
                found.append(project)
                waiting += [os.path.join(project, name) for name in ("pyproject.toml", "requirements.txt")]
    return found


def _paths_in(file: str) -> list[str]:
    if file.endswith(".toml"):
        return list(_toml_paths(file))
    return [match[1] for line in _text(file).splitlines() if (match := _path_line(line.strip()))]


def _path_line(line: str) -> re.Match[str] | None:
    if line.startswith("#") or _INCLUDED.match(line):
        return None
    match = _PATH_LINE.match(line)
    return match if match and match[1].startswith((".", "/")) else None


def included(requirements: str) -> list[str]:
    """Files that a requirements file reads with `-r` or `-c`."""
    lines = [
        line.strip().replace("--constraint", "-r").replace("-c ", "-r ")
        for line in _text(requirements).splitlines()
    ]
    folder = os.path.dirname(requirements)
    return [os.path.normpath(os.path.join(folder, m[1])) for line in lines if (m := _INCLUDED.match(line))]


def _toml_paths(file: str) -> Iterator[str]:
    data = _toml(file)
    tool = _table(data, "tool")
    sources = _table(_table(tool, "uv"), "sources")
    poetry = _table(_table(tool, "poetry"), "dependencies")
    for source in (*sources.values(), *poetry.values()):
        if isinstance(source, dict) and isinstance(source.get("path"), str):
            yield source["path"]
    members = [
        name for name, source in sources.items() if isinstance(source, dict) and source.get("workspace")
    ]
    if members:
        yield from _workspace_members(os.path.dirname(file), {_plain(name) for name in members})
    for line in _table(data, "project").get("dependencies", []):
        if isinstance(line, str) and "@ file://" in line:
            yield unquote(urlparse(line.partition("@")[2].strip()).path)


def _workspace_members(folder: str, names: set[str]) -> Iterator[str]:
    """Folders of a uv workspace's members; the workspace is the nearest folder above that lists members."""
    while (parent := os.path.dirname(folder)) != folder:
        workspace = _table(_table(_table(_toml(f"{folder}/pyproject.toml"), "tool"), "uv"), "workspace")
        if workspace:
            for pattern in workspace.get("members", []):
                for member in glob.glob(os.path.join(glob.escape(folder), str(pattern))):
                    project = _table(_toml(f"{member}/pyproject.toml"), "project")
                    if _plain(str(project.get("name", ""))) in names:
                        yield member
            return
        folder = parent


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name, {}) if isinstance(data, dict) else {}
    return value if isinstance(value, dict) else {}


def _toml(path: str) -> dict[str, Any]:
    try:
        return tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError:
        return {}


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
