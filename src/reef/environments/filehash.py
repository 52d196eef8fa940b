"""Digests of files, remembered by what `stat` says: fifty hard links of one file are read once."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import stat as stat_module
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path

Key = tuple[int, int, int, int]  # device, inode, size, mtime in ns
_KEEP_AT_MOST = 2_000_000
_SETTLED_NS = 2_000_000_000
_SCHEMA = "CREATE TABLE IF NOT EXISTS f (dev, ino, size, mtime, digest, PRIMARY KEY (dev, ino, size, mtime))"


def key_of(found: os.stat_result) -> Key:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def digest_of(path: str) -> str:
    """Content digest of a regular file; `unreadable` where it cannot be read."""
    digest = hashlib.blake2b(digest_size=16)
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return "unreadable"
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat_module.S_ISREG(os.fstat(descriptor).st_mode):
            return "special"
        try:
            while block := file.read(1 << 18):
                digest.update(block)
        except OSError:
            return "unreadable"
    return digest.hexdigest()


class FileHashes:
    """A memory of digests, on disk between starts. A damaged one is forgotten. Not for several threads."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._known: dict[Key, str] = dict(_read(path)) if path else {}
        self._new: dict[Key, str] = {}
        self.read = 0

    def add(
        self, files: Iterable[tuple[str, os.stat_result]], map_: Callable[..., Iterable[str]] = map
    ) -> None:
        """Make sure that every given file has a digest; `map_` may run in parallel."""
        missing = {key: path for path, found in files if (key := key_of(found)) not in self._known}
        self.read += len(missing)
        settled = time.time_ns() - _SETTLED_NS
        for key, digest in zip(missing, map_(digest_of, missing.values()), strict=True):
            self._known[key] = digest
            if key[3] < settled:  # a file this young may change again within one tick of its clock
                self._new[key] = digest

    def __getitem__(self, found: os.stat_result) -> str:
        return self._known[key_of(found)]

    def save(self) -> None:
        """Write what is new. A disk that is full costs only time at the next start."""
        if not (self._path and self._new):
            return
        try:
            _write(self._path, self._new, drop_old=len(self._known) > _KEEP_AT_MOST)
        except (sqlite3.Error, OSError):
            return
        self._new.clear()


def _read(path: Path) -> Iterator[tuple[Key, str]]:
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path)) as base:
            for *key, digest in base.execute("SELECT dev, ino, size, mtime, digest FROM f"):
                yield (key[0], key[1], key[2], key[3]), digest
    except sqlite3.Error:
        path.unlink(missing_ok=True)


def _write(path: Path, new: dict[Key, str], *, drop_old: bool) -> None:
    with closing(sqlite3.connect(path, timeout=10)) as base, base:
        base.execute(_SCHEMA)
        if drop_old:
            base.execute("DELETE FROM f")
        rows = ((*key, digest) for key, digest in new.items())
        base.executemany("INSERT OR REPLACE INTO f VALUES (?, ?, ?, ?, ?)", rows)
