"""Versions that can be run again: one file for each, on this machine's disk."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import msgspec

from reef.records.kept import FORMAT, MOST, KeptVersion
from reef.statedir import slug, write_atomic
from reef.words import describe

log = logging.getLogger("reef.control")


class KeptFiles:
    """Implements `KeptRecords`. `folder` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, version: KeptVersion) -> None:
        """The newest from now on, also where the clock was set back. Raises OSError where there is no room."""
        record = version.record
        others = [one.kept_at for one in self.of(record.location) if one.record.version != record.version]
        kept_at = max(version.kept_at, max(others, default=0.0) + 0.001)
        version = msgspec.structs.replace(version, kept_at=kept_at)
        path = self._path(version.record.location, version.record.version)
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomic(path, msgspec.json.encode(version))

    def get(self, name: str, version: str) -> KeptVersion | None:
        return _read(self._path(name, version))

    def of(self, name: str) -> list[KeptVersion]:
        """Newest first."""
        found = [one for path in self._files(name) if (one := _read(path)) is not None]
        return sorted(found, key=lambda one: one.kept_at, reverse=True)

    def forget(self, name: str, *served: str | None) -> None:
        """All but these versions and the newest others."""
        others = [one.record.version for one in self.of(name) if one.record.version not in served]
        for version in others[MOST:]:
            self._path(name, version).unlink(missing_ok=True)

    def everything(self) -> Iterator[KeptVersion]:
        for folder in self._folder.iterdir():
            yield from (one for path in folder.glob("*.json") if (one := _read(path)) is not None)

    def _files(self, name: str) -> list[Path]:
        return list((self._folder / slug(name)).glob("*.json"))

    def _path(self, name: str, version: str) -> Path:
        return self._folder / slug(name) / f"{slug(version)}.json"


def _read(path: Path) -> KeptVersion | None:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=KeptVersion)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s cannot be used: %s", path, describe(error))
        return None
    return found if found.format == FORMAT else None
