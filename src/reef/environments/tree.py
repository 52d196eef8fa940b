"""What lies in a package folder, and which distribution each part of it belongs to."""

from __future__ import annotations

import csv
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlparse

from reef.environments.model import UNOWNED, Origin

File = tuple[str, os.stat_result]  # path relative to the folder, what stat says
_NOTES = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_build.json", "uv_cache.json"}


@dataclass(frozen=True)
class Metadata:
    """A `.dist-info` or `.egg-info` folder (or file), relative to `folder`."""

    folder: str
    entry: str
    name: str
    version: str
    origin: Origin
    source: str | None
    files: tuple[str, ...]  # of RECORD, or what stands for it
    tops: tuple[str, ...] = field(default=())  # import names where there is no RECORD


def normalize(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def walk(folder: str, skip: frozenset[str] = frozenset()) -> list[File]:
    """Every regular file below a folder, but bytecode caches; symbolic links to files are followed."""
    found: list[File] = []
    waiting = [folder]
    seen: set[tuple[int, int]] = set()
    while waiting:
        for entry in _entries(waiting.pop()):
            if entry.name == "__pycache__" or entry.name in skip:
                continue
            if entry.is_dir():
                if _first_visit(entry, seen):
                    waiting.append(entry.path)
            elif entry.is_file():
                found.append((entry.path[len(folder) + 1 :], entry.stat()))
    found.sort(key=lambda file: file[0])
    return found


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _first_visit(entry: os.DirEntry[str], seen: set[tuple[int, int]]) -> bool:
    if not entry.is_symlink():
        return True
    found = entry.stat()
    new = (found.st_dev, found.st_ino) not in seen
    seen.add((found.st_dev, found.st_ino))
    return new


def metadata(folder: str) -> Iterator[Metadata]:
    """The distributions that a folder of sys.path says it holds."""
    for entry in sorted(_entries(folder), key=lambda e: e.name):
        if entry.name.endswith(".dist-info") and entry.is_dir():
            yield _dist_info(folder, entry.name)
        elif entry.name.endswith((".egg-info", ".egg-link")):
            yield _egg(folder, entry.name)


def _dist_info(folder: str, entry: str) -> Metadata:
    path = f"{folder}/{entry}"
    name, version = _header(f"{path}/METADATA", entry.removesuffix(".dist-info"))
    origin, source = _origin(f"{path}/direct_url.json")
    files = tuple(row[0] for row in csv.reader(_text(f"{path}/RECORD").splitlines()) if row)
    tops = () if files else tuple(_text(f"{path}/top_level.txt").split()) or (name.replace("-", "_"),)
    return Metadata(folder, entry, name, version, origin, source, files, tops)


def _egg(folder: str, entry: str) -> Metadata:
    path = f"{folder}/{entry}"
    if entry.endswith(".egg-link"):
        source = (_text(path).splitlines() or [""])[0].strip()
        return Metadata(folder, entry, normalize(entry[:-9]), "", "editable", source or None, (entry,))
    stem = re.sub(r"-py\d(\.\d+)?$", "", entry.removesuffix(".egg-info"))
    name, version = _header(f"{path}/PKG-INFO" if os.path.isdir(path) else path, stem)
    tops = tuple(_text(f"{path}/top_level.txt").split()) or (name.replace("-", "_"),)
    working_copy = os.path.basename(folder) not in ("site-packages", "dist-packages")
    return Metadata(
        folder, entry, name, version, *_egg_origin(folder, working_copy), files=(), tops=(*tops, entry)
    )


def _egg_origin(folder: str, working_copy: bool) -> tuple[Origin, str | None]:
    return ("editable", folder) if working_copy else ("index", None)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _header(path: str, stem: str) -> tuple[str, str]:
    """Name and version: the first lines of METADATA, else the name of the folder."""
    name, _, version = stem.partition("-")
    for line in _text(path).splitlines():
        key, _, value = line.partition(":")
        if not line.strip():
            break
        name = value.strip() if key == "Name" else name
        version = value.strip() if key == "Version" else version
    return normalize(name), version


def _origin(path: str) -> tuple[Origin, str | None]:
    try:
        said = json.loads(_text(path) or "{}")
        url = urlparse(str(said.get("url", "")))
    except (ValueError, AttributeError):
        return "index", None
    if "vcs_info" in said:
        return "vcs", None
    folder = unquote(url.path)
    if "dir_info" in said and os.path.isdir(folder):  # else a folder of the machine that built it (conda)
        return ("editable" if said["dir_info"].get("editable") else "local"), folder
    return ("archive" if "archive_info" in said else "index"), None


def claims(found: list[Metadata], files: list[File]) -> dict[str, tuple[str, ...]]:
    """relative path -> the distributions it belongs to, for every file; `(unowned)` where there is none."""
    exact: dict[str, tuple[str, ...]] = {}
    for entry in found:
        for path in entry.files:
            exact[path] = (*exact.get(path, ()), entry.name)
    roots = _roots(found, exact)
    return {path: exact.get(path) or _nearest(path, roots) for path, _ in files}


def _roots(found: list[Metadata], exact: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Folders (and files) whose unlisted contents go to a distribution: those that hold its listed files."""
    roots: dict[str, tuple[str, ...]] = {}
    for path, names in exact.items():
        parent = os.path.dirname(path)
        if parent and not path.startswith(".."):
            roots.setdefault(parent, names)
    for entry in found:
        for top in (*entry.tops, entry.entry):
            roots.setdefault(top, (entry.name,))
            roots.setdefault(f"{top}.py", (entry.name,))
    return roots


def _nearest(path: str, roots: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    while path:
        if path in roots:
            return roots[path]
        path = os.path.dirname(path)
    return (UNOWNED,)


def owners(claimed: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The shortest paths that belong to one distribution each: `dagster`, `google/protobuf`, `six.py`."""
    holders: dict[str, set[str]] = {}
    for path, names in claimed.items():
        while path:
            holders.setdefault(path, set()).update(names)
            path = os.path.dirname(path)
    return {
        path: min(names)
        for path, names in holders.items()
        if len(names) == 1 and len(holders.get(os.path.dirname(path), ("", ""))) > 1
    }


def counts(path: str) -> bool:
    """False for what differs between equal installations: notes of the installer, scripts, bytecode."""
    if path.startswith(".."):
        return "/bin/" not in path and "/Scripts/" not in path and not path.endswith(".pyc")
    return not (path.endswith(".pyc") and "__pycache__" in path) and not (
        os.path.basename(path) in _NOTES and ".dist-info/" in path
    )
