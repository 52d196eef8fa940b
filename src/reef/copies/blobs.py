"""The contents of source files, one file for each content, copied once however many versions have it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from reef.sources.content import hasher
from reef.statedir import replacing
from reef.words import fault

FICLONE = 0x40049409  # from linux/fs.h: share the blocks where the file system can
READ_ONLY = 0o500  # executable, because a source file may be a script
CHUNK_BYTES = 1 << 20


class CopyFailed(Exception):
    """What was to be copied is no longer what it was, or cannot be read."""


class BlobStore:
    """Blocking: call it in a thread. `folder` is its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, files: Mapping[str, str]) -> None:
        """Copy what is missing of absolute path -> digest of its content. Raises CopyFailed, and OSError where
        there is no room."""
        for path, digest in files.items():
            if not os.path.exists(self.path(digest)):
                self._copy(path, digest)

    def take(self, paths: Iterable[str]) -> dict[str, str]:
        """Copy files as they are now: absolute path -> digest; those that cannot be read, or change meanwhile, are
        left out."""
        found = {}
        for path in paths:
            with (
                contextlib.suppress(CopyFailed, FileNotFoundError, PermissionError),
                open(path, "rb") as file,
            ):
                digest = _hash(file.fileno())
                self.put({path: digest})
                found[path] = digest
        return found

    def path(self, digest: str) -> str:
        return f"{self._folder}/{digest[:2]}/{digest}"

    def is_whole(self, digest: str) -> bool:
        """Reads all of it."""
        try:
            with open(self.path(digest), "rb") as file:
                return _hash(file.fileno()) == digest
        except OSError:
            return False

    def keep(self, digests: Iterable[str]) -> None:
        """Remove all others."""
        kept = frozenset(digests)
        for folder in self._folder.iterdir():
            for path in folder.iterdir():
                if path.name not in kept:
                    path.unlink(missing_ok=True)

    def _copy(self, path: str, digest: str) -> None:
        target = Path(self.path(digest))
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with replacing(target, lasting=False, mode=READ_ONLY) as file:
            _fill(file.fileno(), path)
            if _hash(file.fileno()) != digest:
                raise CopyFailed(f"{path} changed while it was copied")


def _fill(fd: int, path: str) -> None:
    try:
        source = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise CopyFailed(f"{path} cannot be read: {fault(error)}") from None
    try:
        found = os.fstat(source)
        _clone(fd, source)
        os.utime(fd, ns=(found.st_mtime_ns, found.st_mtime_ns))
    finally:
        os.close(source)


def _clone(fd: int, source: int) -> None:
    """By sharing blocks; where the file system cannot, byte by byte."""
    try:
        fcntl.ioctl(fd, FICLONE, source)
        return
    except OSError:
        os.ftruncate(fd, 0)
    while chunk := os.read(source, CHUNK_BYTES):
        view = memoryview(chunk)
        while view:
            view = view[os.write(fd, view) :]


def _hash(fd: int) -> str:
    found, at = hasher(), 0
    while chunk := os.pread(fd, CHUNK_BYTES, at):
        found.update(chunk)
        at += len(chunk)
    return found.hexdigest()
