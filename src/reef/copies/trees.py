"""Trees of kept source: the files of a version at their own absolute paths below one folder.

Below it everything has the place that it had, so that `__file__`, relative reads and imports find the kept files. What
lies beside them and is no source (data, virtual environments) is linked to where it lies.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from reef.copies.blobs import BlobStore
from reef.copies.keepable import Listed
from reef.sources.scope import too_wide

UNUSED_S = 7 * 86400.0  # a run may live long in a tree that no version needs any more
NOT_LINKED = frozenset({"__pycache__"})
Signs = dict[str, tuple[int, int, int]]


class Damaged(Exception):
    """A copy that is not what it was; it must not be run."""


class Trees:
    """Blocking: call it in a thread, one thread at a time. `folder` is its own."""

    def __init__(self, folder: Path, blobs: BlobStore, skip: Iterable[str] = ()) -> None:
        self._folder = folder
        self._blobs = blobs
        self._skip = frozenset(skip)
        self._seen: dict[str, Signs] = {}  # trees that were read in full, and the signs of their files then

    def ready(self, listed: Listed, folders: Iterable[str]) -> str:
        """The folder below which `listed` lies, made if need be. `folders` (absolute) are there in it too.

        Raises Damaged where a kept content is gone or not what it was, OSError where there is no room.
        """
        key = key_of(listed)
        base = f"{self._folder}/{key}"
        if not os.path.isdir(base):
            self._make(base, listed, folders)
        os.utime(base)
        self._check(key, base, listed)
        return base

    def keep(self, keys: Iterable[str], unused_s: float = UNUSED_S) -> None:
        """Remove others that nobody asked for lately."""
        kept = frozenset(keys)
        for path in self._folder.iterdir():
            if path.name not in kept and time.time() - path.stat().st_mtime > unused_s:
                shutil.rmtree(path, ignore_errors=True)
                self._seen.pop(path.name, None)

    # -- making ------------------------------------------------------------------------------------

    def _make(self, base: str, listed: Listed, folders: Iterable[str]) -> None:
        new = tempfile.mkdtemp(dir=self._folder, prefix=".new-")
        try:
            for path, digest in listed.files.items():
                self._place(new + path, digest, path)
            for path, target in listed.links.items():
                os.makedirs(os.path.dirname(new + path), exist_ok=True)
                os.symlink(target, new + path)
            for folder in folders:
                os.makedirs(new + folder, exist_ok=True)
            for folder in _folders(new):
                self._link_beside(new, folder)
            os.rename(new, base)
        except BaseException:
            shutil.rmtree(new, ignore_errors=True)
            raise

    def _place(self, target: str, digest: str, path: str) -> None:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        try:
            os.link(self._blobs.path(digest), target)
        except FileNotFoundError:
            raise Damaged(f"the copy of {path} is gone") from None

    def _link_beside(self, new: str, folder: str) -> None:
        """Everything of the real folder that is no source."""
        if too_wide(folder or "/"):
            return
        try:
            names = os.listdir(folder)
        except OSError:
            return
        for name in names:
            real, target = f"{folder}/{name}", f"{new}{folder}/{name}"
            if name not in NOT_LINKED and real not in self._skip and not os.path.lexists(target):
                os.symlink(real, target)

    # -- checking ----------------------------------------------------------------------------------

    def _check(self, key: str, base: str, listed: Listed) -> None:
        """Read in full once, then by size, date and inode."""
        signs = {path: _sign(base + path) for path in listed.files}
        if self._seen.get(key) == signs:
            return
        for path, digest in listed.files.items():
            if not self._is(base + path, digest):
                shutil.rmtree(base, ignore_errors=True)
                raise Damaged(f"the copy of {path} is damaged")
        self._seen[key] = signs

    def _is(self, path: str, digest: str) -> bool:
        blob = self._blobs.path(digest)
        try:
            return os.path.samefile(path, blob) and self._blobs.is_whole(digest)
        except OSError:
            return False


def key_of(listed: Listed) -> str:
    lines = [f"{path}\0{digest}" for part in (listed.files, listed.links) for path, digest in part.items()]
    return hashlib.sha256("\n".join(sorted(lines)).encode(errors="surrogateescape")).hexdigest()[:32]


def _folders(new: str) -> list[str]:
    """Real folders below `new`, as absolute paths of what they stand for."""
    return [found[len(new) :] for found, _names, _files in os.walk(new)]


def _sign(path: str) -> tuple[int, int, int]:
    try:
        found = os.lstat(path)
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_size, found.st_mtime_ns)
