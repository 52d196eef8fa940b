"""Give back what CPython's own allocator keeps of its arenas: an arena goes only when nothing at all is left in it.

An arena is cut into pools. Those that are unused are taken here, for good, as blocks that nobody writes to. Their
pages go to the system, but for the first of each pool, where the allocator notes what is in it.
"""

from __future__ import annotations

import ctypes
import mmap
import re
from collections.abc import Iterator

from . import holes

_BLOCK = 512  # the largest that comes from a pool
_HEAD = 48
_MADV_DONTNEED = 4  # asm-generic/mman-common.h
_UNUSED = re.compile(r"^(\d+) unused pools \* (\d+) bytes", re.MULTILINE)


def let_go() -> int:
    """Bytes that were given back; 0 where the allocator is another."""
    found = _UNUSED.search(holes.stats())
    if found is None:
        return 0
    unused, size = int(found[1]), int(found[2])
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    given = 0
    for pool in _taken(unused, size):
        if libc.madvise(pool + mmap.PAGESIZE, size - mmap.PAGESIZE, _MADV_DONTNEED) == 0:
            given += size - mmap.PAGESIZE
    return given


def _taken(unused: int, size: int) -> Iterator[int]:
    """Addresses of pools all of whose blocks were taken: they come one after the other, and no object is made in them.
    Nothing is kept of them here: that would need pools."""
    malloc = ctypes.PyDLL(None).PyObject_Malloc  # of our own: `ctypes.pythonapi` would keep it
    malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
    in_each = (size - _HEAD) // _BLOCK
    pool, met = 0, 0
    for _ in range(unused * in_each):
        block = malloc(_BLOCK) or 0
        offset = block % size
        if block - offset != pool:
            pool, met = block - offset, 0
        if (offset - _HEAD) % _BLOCK:
            return  # it is another allocator's
        met += 1
        if met == in_each:
            yield pool
