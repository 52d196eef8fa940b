"""Fill the free blocks that an allocator left behind, so that children allocate on pages of their own.

A child that allocates into a hole of a shared page copies 4 KB for a few bytes. What is taken here is
never touched and never given back.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
import tempfile
import time
from typing import Any

_kept: list[list[object]] = []
_CLASS = re.compile(r"^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*$", re.MULTILINE)
_BYTES_HEAD = sys.getsizeof(b"")
_HEAP_SIZES = (
    *(size for power in range(16, 10, -1) for size in ((1 << power) + (1 << power - 1), 1 << power)),
    *range(1032, 8, -16),  # a thread keeps some free blocks of each of these sizes for itself
)
_MOST_BLOCKS = 400_000


def plug() -> None:
    _plug_pymalloc()
    _plug_malloc()


def _plug_pymalloc() -> None:
    """Each size class of CPython's own allocator has as many free blocks as it says."""
    for size, free in _free_blocks().items():
        make = _maker(size)
        if make is not None:
            _kept.append([make() for _ in range(free)])


def _maker(size: int) -> Any:
    if size == 16:
        return object
    if size == 32:
        return lambda: float("1.5")
    return None if size < _BYTES_HEAD + 8 else lambda: bytes(size - _BYTES_HEAD - 7)


def _free_blocks() -> dict[int, int]:
    """Size class -> free blocks."""
    return {int(row[1]): int(row[4]) for row in (match.groups() for match in _CLASS.finditer(stats()))}


def stats() -> str:
    """The tables that CPython prints of its allocator on stderr."""
    if not hasattr(sys, "_debugmallocstats"):
        return ""
    libc = ctypes.CDLL(None)
    with tempfile.TemporaryFile() as file:
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(file.fileno(), 2)
        try:
            sys._debugmallocstats()
            libc.fflush(None)
        finally:
            os.dup2(kept, 2)
            os.close(kept)
        file.seek(0)
        return file.read().decode("ascii", "replace")


_KEEPING = ("trim_threshold", "top_pad", "mmap_threshold", "mmap_max")
_BUSY_S = 0.005  # processor time from one look to the next; a server that rests takes less in a second
_MALLINFO = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"


class _MallInfo(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_size_t) for name in _MALLINFO.split())


def give_back() -> None:
    """What is free in glibc's heap goes back to the system; a millisecond."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)


class Rest:
    """What calls took for a moment (a serialized repository, a reply) goes back once the server rests. Not while it
    works: there the next call, or the next array, would have to take it again. glibc would keep it. Where the
    location's environment tells glibc what to keep, that holds."""

    def __init__(self) -> None:
        self._seen = time.process_time()
        self._worked = not _is_told()

    def look(self) -> None:
        """To be called about once a second."""
        before, self._seen = self._seen, time.process_time()
        if self._seen - before > _BUSY_S:
            self._worked = not _is_told()
        elif self._worked:
            self._worked = False
            give_back()
            self._seen = time.process_time()


def _is_told() -> bool:
    """Whether the environment says what glibc keeps."""
    tunables = os.environ.get("GLIBC_TUNABLES", "")
    return any(
        f"MALLOC_{name.upper()}_" in os.environ or f"glibc.malloc.{name}" in tunables for name in _KEEPING
    )


def _plug_malloc() -> None:
    """glibc's heap: take blocks of falling size until one comes from the untouched top."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "mallinfo2"):
        return
    libc.mallinfo2.restype = _MallInfo
    libc.malloc.restype = ctypes.c_void_p
    libc.malloc.argtypes = [ctypes.c_size_t]
    libc.free.argtypes = [ctypes.c_void_p]
    libc.sbrk.restype = ctypes.c_void_p
    libc.sbrk.argtypes = [ctypes.c_ssize_t]
    give_back()  # whole pages inside a hole: taking it touches its first one alone
    for size in _HEAP_SIZES:
        _take_below_top(libc, size)


def _take_below_top(libc: Any, size: int) -> None:
    top = libc.sbrk(0) - libc.mallinfo2().keepcost
    for _ in range(_MOST_BLOCKS):
        block = libc.malloc(size)
        if not block or block >= top:
            libc.free(block)
            return
