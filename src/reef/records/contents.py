"""What promoted versions were made of, on disk: enough to say later which file, package or setting changed."""

from __future__ import annotations

import hashlib
import os
import time
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import msgspec

from reef.decide.changed import MadeOf
from reef.environments import Environment
from reef.sources import RootRecord, SourceRecord, without
from reef.statedir import write_atomic

T = TypeVar("T")
UNUSED_S = 3600.0


class _Stored(msgspec.Struct, frozen=True):
    """`roots` and `environment` name lists of their own: most locations of a fleet share them."""

    roots: dict[str, str]
    files: dict[str, str]
    folders: dict[str, str]
    excluded: tuple[str, ...]
    marks: dict[str, str]
    environment: str | None


class _Installed(msgspec.Struct, frozen=True):
    python: str
    build: str
    fingerprint: str
    distributions: dict[str, tuple[str, str]]


class ContentMaps:
    """Blocking: call it in a thread. `folder` is its own; files in it are named by what they hold."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, record: SourceRecord, marks: dict[str, str], environment: Environment | None) -> str:
        """Its digest, for `get`. Raises OSError where there is no room."""
        stored = _Stored(
            roots={root.root: self._put(_listed(root)) for root in record.roots},
            files={path: state.digest for path, state in record.files.items()},
            folders={path: state.names for path, state in record.folders.items()},
            excluded=record.scope.excluded,
            marks=marks,
            environment=self._put(_installed(environment)) if environment else None,
        )
        return self._put(stored)

    def get(self, digest: str) -> MadeOf | None:
        """None where it is gone or damaged."""
        stored = self._get(digest, _Stored)
        if stored is None:
            return None
        roots = {root: self._get(listed, dict[str, str]) for root, listed in stored.roots.items()}
        installed = self._get(stored.environment, _Installed) if stored.environment else None
        if None in roots.values():
            return None
        files = {f"{root}/{path}": d for root, listed in roots.items() for path, d in (listed or {}).items()}
        files |= stored.files | {f"{path}/": names for path, names in stored.folders.items()}
        return _made_of(files, stored.excluded, stored.marks, installed)

    def keep(self, digests: Iterable[str], unused_s: float = UNUSED_S) -> None:
        """Remove others, but not what was put lately: it may be of a version that is about to be promoted."""
        kept = set(digests)
        for digest in list(kept):
            if (stored := self._get(digest, _Stored)) is not None:
                kept.update(stored.roots.values(), [stored.environment] if stored.environment else [])
        for path in self._folder.iterdir():
            if path.stem not in kept and _age_s(path) > unused_s:
                path.unlink(missing_ok=True)

    def _put(self, value: object) -> str:
        data = msgspec.json.encode(value, order="sorted")
        digest = hashlib.sha256(data).hexdigest()[:32]
        path = self._folder / f"{digest}.z"
        try:
            os.utime(path)
        except FileNotFoundError:
            # what a power cut takes is only missing in an explanation
            write_atomic(path, zlib.compress(data, 1), lasting=False)
        return digest

    def _get(self, digest: str, kind: type[T]) -> T | None:
        try:
            data = zlib.decompress((self._folder / f"{digest}.z").read_bytes())
            if hashlib.sha256(data).hexdigest()[:32] != digest:
                return None
            return msgspec.json.decode(data, type=kind)
        except (OSError, zlib.error, msgspec.MsgspecError):
            return None


def made_of(record: SourceRecord, marks: dict[str, str], environment: Environment | None) -> MadeOf:
    """The same of what is there now, without storing it."""
    installed = _installed(environment) if environment else None
    return _made_of(record.contents(), record.scope.excluded, marks, installed)


def _made_of(
    files: dict[str, str], excluded: Iterable[str], marks: dict[str, str], installed: _Installed | None
) -> MadeOf:
    return MadeOf(
        files=without(files, excluded),
        marks=marks,
        python=installed.python if installed else None,
        build=installed.build if installed else "",
        fingerprint=installed.fingerprint if installed else "",
        distributions=installed.distributions if installed else {},
    )


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _listed(root: RootRecord) -> dict[str, str]:
    return {path: state.digest for path, state in root.files.items()}


def _installed(environment: Environment) -> _Installed:
    found = {name: (one.version, one.digest) for name, one in environment.distributions.items()}
    return _Installed(environment.python, environment.build, environment.fingerprint, found)
