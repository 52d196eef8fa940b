"""A lock by which the children in a container see that a pack host is there: without one they end themselves."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from pathlib import Path

NAME = "claim"
FOR_ALL = 0o666  # a child may be another user than the host
_LOCK = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0)


class Claim:
    """`path` lies in a container's folder. What the container does to it only makes its own children end."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._fd: int | None = None

    def take(self) -> None:
        """Again where somebody has removed it. Raises OSError where it cannot be."""
        if self._fd is not None and self._is_there(self._fd):
            return
        self.release()
        fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, FOR_ALL)
        with contextlib.suppress(OSError):  # of an earlier host that was another user
            os.fchmod(fd, FOR_ALL)
        try:
            fcntl.fcntl(fd, fcntl.F_OFD_SETLK, _LOCK)
        except OSError:
            os.close(fd)
            raise
        self._fd = fd

    def _is_there(self, fd: int) -> bool:
        try:
            there, ours = os.lstat(self.path), os.fstat(fd)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)

    def release(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
