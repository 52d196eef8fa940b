"""The files that a cure changes: which ones it may, whole writes, and back to what was there. Blocks."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reef.statedir import write_atomic
from reef.words import fault

MOST_BYTES = 4 << 20


class NotEditable(Exception):
    """Why a file is left alone; the message follows on the file's name."""


@dataclass(frozen=True)
class Original:
    """A file as it was read. `path` is real: links lead to it."""

    path: str
    content: bytes
    mode: int
    owner: tuple[int, int]


def read_original(path: str, roots: Iterable[str]) -> Original:
    """`roots`: folders whose files may be changed, real paths. Raises NotEditable."""
    real = os.path.realpath(path)
    _check_place(real, [root.rstrip("/") for root in roots])
    try:
        found = os.stat(real)
        _check_kind(real, found)
        content = Path(real).read_bytes()
    except OSError as error:
        raise NotEditable(f"it cannot be read: {fault(error)}") from None
    return Original(real, content, stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid))


def _check_place(real: str, roots: list[str]) -> None:
    parts = real.split("/")
    if "site-packages" in parts or "dist-packages" in parts:
        raise NotEditable("it is installed, and the next installation would undo the change")
    if not any(real.startswith(f"{root}/") for root in roots):
        raise NotEditable("it is outside of the project")
    folder = os.path.dirname(real)
    while any(folder == root or folder.startswith(f"{root}/") for root in roots):
        if os.path.exists(f"{folder}/pyvenv.cfg"):
            raise NotEditable("it belongs to a virtual environment")
        folder = os.path.dirname(folder)


def _check_kind(real: str, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise NotEditable("it is no regular file")
    if found.st_size > MOST_BYTES:
        raise NotEditable(f"it has {found.st_size:,} bytes, {MOST_BYTES:,} at most are read")
    if not found.st_mode & 0o222 or not os.access(real, os.W_OK):
        raise NotEditable("it is read-only")
    if found.st_nlink > 1:
        raise NotEditable("it has a second name (a hard link), which would keep the old content")
    if not os.access(os.path.dirname(real), os.W_OK):
        raise NotEditable("its folder is read-only")


def write_new(original: Original, content: bytes) -> None:
    """In one step, with the mode and the owner that it had. Raises NotEditable where it is not what was read
    any more."""
    _expect(original.path, original.content)
    _write(original, content)


def restore(original: Original, written: bytes) -> None:
    """Raises NotEditable where somebody changed it after `written`."""
    _expect(original.path, written)
    _write(original, original.content)


def _expect(path: str, content: bytes) -> None:
    try:
        now = Path(path).read_bytes()
    except OSError as error:
        raise NotEditable(f"it cannot be read: {fault(error)}") from None
    if now != content:
        raise NotEditable("somebody changed it meanwhile")


def _write(original: Original, content: bytes) -> None:
    try:
        write_atomic(Path(original.path), content, mode=original.mode)
        now = os.stat(original.path)
        if (now.st_uid, now.st_gid) != original.owner:
            os.chown(original.path, *original.owner)
    except OSError as error:
        raise NotEditable(f"it cannot be written: {fault(error)}") from None
