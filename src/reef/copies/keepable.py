"""What of a version's source is copied, and which versions cannot be run again from a copy."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reef.fleet.model import Location
from reef.hosting.contract import LoadReport
from reef.sources import SourceRecord, import_folders
from reef.sources.content import ABSENT, SPECIAL, UNREADABLE
from reef.sources.ignored import ignored_file, ignored_folder
from reef.sources.scope import PROJECT_FILES, project_of, source_root, too_wide
from reef.words import count

MOST_FILES = 50_000
MOST_BYTES = 1 << 30
MOST_BESIDE = 5_000
LINK = "link "


@dataclass(frozen=True)
class Listed:
    """`files`: absolute path -> digest of a regular file's content; `links`: absolute path of a symbolic link ->
    where it points (as the digest of `reef.sources` says it, relative inside its root)."""

    files: Mapping[str, str]
    links: Mapping[str, str]


def listed(contents: Mapping[str, str]) -> Listed:
    """From `SourceRecord.contents()`. What is absent, a socket or a device is left out."""
    files, links = {}, {}
    for path, digest in contents.items():
        if path.endswith("/") or digest in (ABSENT, SPECIAL, UNREADABLE):
            continue
        if digest.startswith(LINK):
            target, _, content = digest[len(LINK) :].rpartition(" ")
            if os.path.isabs(target) and content not in (ABSENT, SPECIAL, UNREADABLE):
                files[path] = content  # points out of its root: what it shows now is kept
            else:
                links[path] = target
        else:
            files[path] = digest
    return Listed(files, links)


def why_not(spec: Location, record: SourceRecord, report: LoadReport | None) -> str | None:
    """Why a version cannot be run again from a copy, for people; None where it can. Looks at the disk."""
    if record.problems:
        return record.problems[0]
    if report is None:
        return "what its load read is not known: its interpreter cannot be watched"
    if outside := next(_outside(spec, record, report), None):
        return f"its load read {outside}, which is outside its source"
    if wide := next(_wide(spec, record), None):
        return f"its code lies directly in {wide}, which is too wide a folder to be copied"
    return _too_large(record)


def beside(record: SourceRecord, report: LoadReport | None) -> Iterator[str]:
    """Modules of the location's own packages outside its roots which the load did not import, but a tick or a run may.
    They are no part of the version. Walks folders."""
    loaded = report.modules if report else {}
    tops = {_package_folder(name, file) for name, file in loaded.items() if file in record.files}
    found = (path for top in sorted(filter(None, tops)) for path in _modules_below(top))
    yield from itertools.islice((path for path in found if path not in record.files), MOST_BESIDE)


def _package_folder(name: str, file: str) -> str:
    """The folder of the outermost package that a module is in; "" for a module in none."""
    above = name.count(".") - (os.path.basename(file) != "__init__.py")
    if above < 0:
        return ""
    folder = os.path.dirname(file)
    for _ in range(above):
        folder = os.path.dirname(folder)
    return "" if too_wide(folder) else folder


def _modules_below(top: str) -> Iterator[str]:
    for folder, names, files in os.walk(top):
        names[:] = [name for name in names if not ignored_folder(name)]
        yield from (f"{folder}/{name}" for name in files if name.endswith(".py"))


def _outside(spec: Location, record: SourceRecord, report: LoadReport) -> Iterator[str]:
    """Data that the load read outside its roots and its project: code that is run from a copy would not read it there.
    Modules are copied wherever they lie, so are the files that make a project above a root, `.env` files are settings,
    and what a person keeps in hidden files of the home folder is the machine's."""
    project = project_of(source_root(spec))
    own = (*record.scope.roots, *([project] if project else []))
    code = {file for file in report.modules.values() if file}
    beside = (os.path.join(folder, ".env") for folder in (spec.cwd, *import_folders(spec)) if folder)
    settings = set(map(os.path.abspath, (*spec.env_files, *spec.awaited_files, *beside)))
    target = os.path.abspath(spec.code.python_file) if spec.code and spec.code.python_file else None
    hidden = os.path.join(os.path.expanduser("~"), ".")
    for path, state in record.files.items():
        if state.digest == ABSENT or path in code or path in settings or path == target:
            continue
        if (
            not path.startswith(hidden)
            and not _inside(path, own)
            and not _is_projects(path, record.scope.roots)
        ):
            yield path
    for folder in record.folders:
        in_project = _inside(folder, own) and _has_all_of(record, folder)
        if not (folder.startswith(hidden) or _inside(folder, record.scope.roots) or in_project):
            yield f"the names in {folder}"


def _has_all_of(record: SourceRecord, folder: str) -> bool:
    """Whether each file in a folder is part of the version, so that a copy has the same names."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if not entry.is_dir()]
    except OSError:
        return False
    return all(ignored_file(name) or f"{folder}/{name}" in record.files for name in names)


def _is_projects(path: str, roots: Iterable[str]) -> bool:
    folder, name = os.path.split(path)
    return name in PROJECT_FILES and any(root.startswith(f"{folder}/") for root in roots)


def _wide(spec: Location, record: SourceRecord) -> Iterator[str]:
    for folder in import_folders(spec):
        if too_wide(folder) and any(os.path.dirname(path) == folder for path in record.files):
            yield folder


def _too_large(record: SourceRecord) -> str | None:
    files = listed(record.contents()).files
    if len(files) > MOST_FILES:
        return f"it has {count(len(files), 'source file')}, more than {MOST_FILES:,}"
    size = sum(map(_size, files))
    return f"its source has {size >> 20:,} MiB, more than {MOST_BYTES >> 20:,}" if size > MOST_BYTES else None


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _inside(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
