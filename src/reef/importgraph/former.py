"""The fleet as it was at a revision: its files of settings, put into a folder of their own and read there."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from reef import fleet as fleets
from reef.errors import ReefError
from reef.fleet.model import CodeTarget, Fleet, Location
from reef.importgraph.changes import Repository

_NAMES = frozenset(
    ("reef.yaml", "reef.yml", "workspace.yaml", "workspace.yml", "dg.toml", "pyproject.toml", ".env")
)
T = TypeVar("T")


def former_fleet(
    repository: Repository,
    commit: str,
    now: Fleet,
    asked: str,
    folder: Path,
    changed: frozenset[str],
    environ: Mapping[str, str],
) -> Fleet | None:
    """The fleet that `asked` (absolute) meant at `commit`, with paths as they would be now; None where there
    was none. Raises ReefError where it could not be read. `folder` is empty, and the caller removes it."""
    there = Path(os.path.realpath(folder))
    _lay_out(repository, commit, there, now)
    _link_unknown(repository.top, there, now, changed)
    relative = os.path.relpath(os.path.realpath(asked), repository.top)
    path = there if relative == "." else there / relative
    if not path.exists() or (path.is_dir() and not _has_fleet(path)):
        return None
    default = _moved(now.default_python, repository.top, str(there))
    was = fleets.read(str(path), environ, default)
    return replace(
        was, locations=tuple(_moved_location(one, str(there), repository.top) for one in was.locations)
    )


def _has_fleet(folder: Path) -> bool:
    return any((folder / name).exists() for name in _NAMES if name != ".env")


def _lay_out(repository: Repository, commit: str, there: Path, now: Fleet) -> None:
    """Files of settings as they were; of the others only that they were there."""
    named = {os.path.realpath(path) for path in (*now.files, now.source)}
    for path in repository.files(commit):
        place = there / path
        place.parent.mkdir(parents=True, exist_ok=True)
        wanted = _is_settings(path) or f"{repository.top}/{path}" in named
        place.write_bytes(repository.show(commit, path) if wanted else b"")


def _is_settings(path: str) -> bool:
    name = os.path.basename(path)
    return name in _NAMES or name.endswith(".env") or name.startswith(".env.")


def _link_unknown(top: str, there: Path, now: Fleet, changed: frozenset[str]) -> None:
    """What version control does not know (interpreters, ignored .env files) is taken to be as it was."""
    pythons = [one.python for one in now.locations]
    for path in (
        *pythons,
        now.default_python,
        *now.files,
        *(file for one in now.locations for file in (*one.env_files, *one.awaited_files)),
    ):
        place = there / os.path.relpath(path, top)
        if path.startswith(f"{top}/") and path not in changed and os.path.exists(path) and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(path)


def _moved_location(spec: Location, old: str, new: str) -> Location:
    code = spec.code
    return replace(
        spec,
        code=_moved_code(code, old, new) if code else None,
        server=replace(spec.server, socket=_moved(spec.server.socket, old, new)) if spec.server else None,
        python=_moved(spec.python, old, new),
        cwd=_moved(spec.cwd, old, new),
        env={name: value.replace(old, new) for name, value in spec.env.items()},
        env_files=tuple(_moved(file, old, new) for file in spec.env_files),
        awaited_files=tuple(_moved(file, old, new) for file in spec.awaited_files),
    )


def _moved_code(code: CodeTarget, old: str, new: str) -> CodeTarget:
    return replace(
        code,
        python_file=_moved(code.python_file, old, new),
        working_directory=_moved(code.working_directory, old, new),
    )


def _moved(path: T, old: str, new: str) -> T:
    if isinstance(path, str) and (path == old or path.startswith(f"{old}/")):
        return new + path[len(old) :]  # type: ignore[return-value]
    return path


def files_that_count(fleet: Fleet, changed: Iterable[str]) -> bool:
    """Whether any file changed that says what the fleet is."""
    named = {os.path.realpath(path) for path in (*fleet.files, fleet.source)}
    return any(path in named or _is_settings(path) for path in changed)


__all__ = ["ReefError", "files_that_count", "former_fleet"]
