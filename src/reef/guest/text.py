"""Machine code that was needed to import and is not needed to fork: unmapped, until somebody calls it again.

Its pages are the page cache's. A child maps what it calls by itself in any case: a fork does not copy this part of
the page tables.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator

MADV_DONTNEED = 4  # asm-generic/mman-common.h
_REGION = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) r-xp \S+ \S+ [1-9]\d*\s", re.MULTILINE)


def let_go() -> int:
    """Bytes of address space that were given up. Of a region that something has written to nothing is."""
    libc = ctypes.CDLL(None)
    libc.madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    given = 0
    for start, end in _clean_regions():
        if libc.madvise(start, end - start, MADV_DONTNEED) == 0:
            given += end - start
    return given


def _clean_regions() -> Iterator[tuple[int, int]]:
    """Executable, of a file, and as the file has them."""
    with open("/proc/self/smaps") as file:
        text = file.read()
    found = list(_REGION.finditer(text))
    for region in found:
        details = text[region.end() : text.find("VmFlags:", region.end())]
        if re.search(r"^Anonymous:\s+0 kB$", details, re.MULTILINE):
            yield int(region[1], 16), int(region[2], 16)
