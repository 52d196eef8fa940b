"""What a file holds, read until it stays the same, and the cheap sign that it still does."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

ABSENT = "absent"
UNREADABLE = "unreadable"
SPECIAL = "special"
UNSETTLED = 0  # a sign that matches nothing: look again
_ATTEMPTS = 6
_GRANULARITY_NS = 50_000_000  # file systems date changes by a clock that ticks every few ms


class FileState(NamedTuple):
    digest: str
    sign: int


def sign_of(path: str) -> int:
    """Changes with the file's place, size, content's and own date; equal over processes."""
    return next(signs_of("", (path,)))[1]


def signs_of(prefix: str, paths: Iterable[str]) -> Iterator[tuple[str, int]]:
    """`sign_of` for many files, each named `prefix + path`: this loop is what a wake waits for."""
    stat = os.stat
    for path in paths:
        try:
            found = stat(prefix + path)
            sign = hash((found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)) or 1
        except OSError:
            sign = _sign_of_link(prefix + path)
        yield path, sign


def _sign_of_link(path: str) -> int:
    try:
        found = os.lstat(path)
    except OSError:
        return -1
    return hash((found.st_ino, found.st_ctime_ns)) or 1


def state_of(path: str, root: str = "") -> FileState:
    """Digest and sign of a file of any kind. Blocks; a file that is being written is read again a few times.

    A file that changed so lately that its date could stay the same at the next change has no valid sign.
    """
    digest = ABSENT
    for attempt in range(_ATTEMPTS):
        before = sign_of(path)
        digest = _digest(path, root)
        if sign_of(path) == before:
            return FileState(digest, UNSETTLED if _young(path) else before)
        time.sleep(0.002 * 2**attempt)
    return FileState(digest, UNSETTLED)


def _young(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    return max(found.st_mtime_ns, found.st_ctime_ns) > time.time_ns() - _GRANULARITY_NS


def _digest(path: str, root: str) -> str:
    try:
        link = os.readlink(path) if os.path.islink(path) else ""
        content = _content(path)
    except FileNotFoundError:
        content = ABSENT
    except OSError:
        content = UNREADABLE
    if not link:
        return content
    inside = root and link.startswith(root + "/")
    return f"link {os.path.relpath(link, os.path.dirname(path)) if inside else link} {content}"


def _content(path: str) -> str:
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        return SPECIAL
    with open(path, "rb", buffering=0) as file:
        return hashlib.file_digest(file, hasher).hexdigest()


def hasher() -> hashlib.blake2b:
    """What names a content, here and where contents are kept."""
    return hashlib.blake2b(digest_size=16)


class FolderState(NamedTuple):
    names: str  # digest of the names in it that count
    sign: int


def folder_sign(path: str) -> int:
    try:
        found = os.stat(path)
    except OSError:
        return -1
    return hash((found.st_ino, found.st_mtime_ns)) or 1


def settled_folder_sign(path: str, listed_at_ns: int) -> int:
    """`folder_sign`, or UNSETTLED where an entry may have come after it was listed, or may yet come unseen."""
    try:
        found = os.stat(path)
    except OSError:
        return -1
    if found.st_mtime_ns > listed_at_ns - _GRANULARITY_NS:
        return UNSETTLED
    return hash((found.st_ino, found.st_mtime_ns)) or 1
