"""Location snapshots on disk: named by what they hold, checked when read, bounded in size."""

from __future__ import annotations

import errno
import logging
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TypeVar

from reef.snapshots.hot import HotReplies
from reef.snapshots.index import DamagedSnapshot, check_file, encode
from reef.snapshots.model import LocationSnapshot
from reef.snapshots.reader import SnapshotReader
from reef.statedir import write_atomic
from reef.words import describe, fault

log = logging.getLogger("reef.snapshots")

SUFFIX = ".snapshot"
HOT_BYTES = 1 << 20  # reading one from its file takes a third of a millisecond; fifty would be held for good
OPEN_INDEXES = 128
FRESH = 256  # snapshots put but not yet promoted that are spared
_NAME = re.compile(r"[0-9a-f]{64}")
_T = TypeVar("_T")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class SnapshotStoreFull(OSError):
    """The disk or the store's own bound has no room; nothing was written."""

    def __init__(self, reason: str) -> None:
        super().__init__(errno.ENOSPC, reason)


class SnapshotStore:
    """Everything but `hot` may block: call it in a thread. Thread-safe.

    The folder is the store's own: files in it that are no whole snapshot of this format are removed.
    """

    def __init__(self, folder: Path, max_bytes: int, *, hot_bytes: int = HOT_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._kept: frozenset[str] | None = None
        self._fresh: OrderedDict[str, None] = OrderedDict()
        self._open: OrderedDict[str, SnapshotReader] = OrderedDict()
        self.hot = HotReplies(hot_bytes)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sweep()

    # -- writing -----------------------------------------------------------------------------------

    def put(self, snapshot: LocationSnapshot) -> str:
        """Write it and return its digest; raises SnapshotStoreFull or another OSError, with nothing left behind."""
        digest, pieces = encode(snapshot)
        self._put(digest, pieces)
        return digest

    def put_file(self, digest: str, content: bytes) -> None:
        """The file of a snapshot as another store has it. Raises DamagedSnapshot where it is not that one, and as `put`
        does."""
        check_file(content, digest)
        self._put(digest, [content])

    def _put(self, digest: str, pieces: Sequence[bytes]) -> None:
        with self._lock:
            self._note_fresh(digest)
            if self._whole(digest):
                os.utime(self._path(digest))
                return
            self._make_room(sum(map(len, pieces)))
            self._write(digest, pieces)

    def keep(self, digests: Collection[str]) -> None:
        """What is referenced from now on. Until this is told for the first time nothing is ever removed for room."""
        with self._lock:
            self._kept = frozenset(digests)
            for digest in self._kept:
                self._fresh.pop(digest, None)

    def _note_fresh(self, digest: str) -> None:
        self._fresh[digest] = None
        self._fresh.move_to_end(digest)
        while len(self._fresh) > FRESH:
            self._fresh.popitem(last=False)

    def _whole(self, digest: str) -> bool:
        """There already, and undamaged in all its parts."""
        try:
            SnapshotReader.open(self._path(digest), digest).check()
        except FileNotFoundError:
            return False
        except DamagedSnapshot as damage:
            self._drop(digest, describe(damage))
            return False
        return True

    def _make_room(self, needed: int) -> None:
        """Removes what nobody references, oldest first, until there is room."""
        files = sorted(self._files(), key=lambda found: found[2])
        room = self._max_bytes - sum(size for _, size, _ in files)
        for digest, size, _ in files:
            if room >= needed:
                return
            if self._may_go(digest):
                self._remove(digest)
                room += size
        if room < needed:
            raise SnapshotStoreFull(
                f"{needed} bytes do not fit into the {max(room, 0)} free of {self._max_bytes} in {self._folder}"
            )

    def _may_go(self, digest: str) -> bool:
        return self._kept is not None and digest not in self._kept and digest not in self._fresh

    def _write(self, digest: str, pieces: Sequence[bytes]) -> None:
        try:
            write_atomic(self._path(digest), *pieces)
            self._sync_folder()
        except OSError as error:
            if error.errno in _FULL:
                raise SnapshotStoreFull(f"no room in {self._folder}: {fault(error)}") from error
            raise

    def _sync_folder(self) -> None:
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    # -- reading -----------------------------------------------------------------------------------

    def has(self, digest: str) -> bool:
        """There with an undamaged index (its parts are checked when they are read)."""
        return self._reader(digest) is not None

    def size(self, digest: str) -> int | None:
        """Bytes on the disk; None where it is missing."""
        try:
            return self._path(digest).stat().st_size if _NAME.fullmatch(digest) else None
        except OSError:
            return None

    def check(self, digest: str) -> bool:
        """There and undamaged in every part; a damaged one is removed."""
        with self._lock:
            return bool(_NAME.fullmatch(digest)) and self._whole(digest)

    def file(self, digest: str) -> bytes | None:
        """All of it; None where it is missing or damaged."""
        return self._path(digest).read_bytes() if self.check(digest) else None

    def read(self, digest: str, ask: Callable[[SnapshotReader], _T]) -> _T | None:
        """`ask` answered from a snapshot; None where it is missing. A damaged one is removed, then missing."""
        reader = self._reader(digest)
        if reader is None:
            return None
        try:
            return ask(reader)
        except FileNotFoundError:
            self._forget(digest)
        except DamagedSnapshot as damage:
            with self._lock:
                self._drop(digest, describe(damage))
        return None

    def _reader(self, digest: str) -> SnapshotReader | None:
        if not _NAME.fullmatch(digest):
            return None
        with self._lock:
            if (known := self._open.get(digest)) is not None:
                self._open.move_to_end(digest)
                return known
            try:
                reader = SnapshotReader.open(self._path(digest), digest)
            except FileNotFoundError:
                return None
            except DamagedSnapshot as damage:
                self._drop(digest, describe(damage))
                return None
            self._open[digest] = reader
            while len(self._open) > OPEN_INDEXES:
                self._open.popitem(last=False)
            return reader

    def _forget(self, digest: str) -> None:
        with self._lock:
            self._open.pop(digest, None)

    # -- files -------------------------------------------------------------------------------------

    def digests(self) -> tuple[str, ...]:
        return tuple(digest for digest, _, _ in self._files())

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}{SUFFIX}"

    def _files(self) -> list[tuple[str, int, float]]:
        """Digest, bytes and time of last put."""
        found = []
        with os.scandir(self._folder) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    status = entry.stat(follow_symlinks=False)
                    found.append((entry.name.removesuffix(SUFFIX), status.st_size, status.st_mtime))
        return found

    def _sweep(self) -> None:
        """Half-written files of a crash, and files with names that are none of ours."""
        for path in self._folder.iterdir():
            foreign = path.name.endswith(SUFFIX) and not _NAME.fullmatch(path.name.removesuffix(SUFFIX))
            if path.name.startswith(".") or foreign:
                path.unlink(missing_ok=True)

    def _drop(self, digest: str, why: str) -> None:
        log.warning("location snapshot %s is removed: %s", digest[:12], why)
        self._remove(digest)

    def _remove(self, digest: str) -> None:
        self._open.pop(digest, None)
        self._path(digest).unlink(missing_ok=True)
