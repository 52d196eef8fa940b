"""Cheap signs that an environment is no longer what it was: some three hundred `stat` calls."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable, Sequence

import msgspec

from reef.environments.model import Environment, Mark


def mark(path: str) -> Mark:
    """What is at a path now. Folders are marked by their entries only."""
    try:
        found = os.stat(path)
    except OSError:
        return Mark(path, None, 0, 0)
    if stat.S_ISDIR(found.st_mode):
        return Mark(path, found.st_ino, 0, found.st_mtime_ns)
    return Mark(path, found.st_ino, found.st_size, found.st_mtime_ns)


def marks(python: str, stdlib_dirs: Sequence[str], prefix: str, files: Iterable[str]) -> bytes:
    """Marks of everything that an installer touches. `pip install -U` always changes some of them. Packed: a host
    keeps some 150 of each environment for good."""
    paths = [python, os.path.realpath(python), f"{prefix}/pyvenv.cfg", *stdlib_dirs, *files]
    seen = [mark(path) for path in dict.fromkeys(paths)]
    return zlib.compress(
        msgspec.msgpack.encode([(one.path, one.inode, one.size, one.mtime_ns) for one in seen])
    )


def unpacked(packed: bytes) -> list[Mark]:
    if not packed:
        return []
    rows = msgspec.msgpack.decode(zlib.decompress(packed), type=list[tuple[str, int | None, int, int]])
    return [Mark(*row) for row in rows]


def installed_files(folder: str) -> list[str]:
    """The metadata folders of a site folder with their RECORD files, and its packages."""
    found: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.endswith(".dist-info"):
                    found += (entry.path, f"{entry.path}/RECORD")
                elif entry.name != "__pycache__":
                    found.append(entry.path)
    except OSError:
        return []
    return sorted(found)


def changed_since(environment: Environment) -> bool:
    """True where anything that its marks cover differs now. Blocks for about a millisecond: use an executor."""
    return any(mark(seen.path) != seen for seen in unpacked(environment.marks))


def what_changed(environment: Environment) -> tuple[str, ...]:
    """The paths whose marks differ, for people."""
    return tuple(seen.path for seen in unpacked(environment.marks) if mark(seen.path) != seen)
