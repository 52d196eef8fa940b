"""What a process costs, from /proc/PID/smaps_rollup."""

from __future__ import annotations

import os

from reef.hosting.contract import MemorySample

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def parse_rollup(text: str) -> MemorySample:
    """Clean pages of files are the page cache's, and are not given back when a process ends: not private."""
    kb: dict[str, int] = {}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if rest.endswith(" kB"):
            kb[name] = int(rest[:-3])
    private = kb.get("Private_Dirty", 0) + kb.get("Private_Hugetlb", 0)
    return MemorySample(
        private=private * 1024,
        pss=kb.get("Pss", 0) * 1024,
        rss=kb.get("Rss", 0) * 1024,
        anonymous=kb.get("Anonymous", 0) * 1024,
        peak=kb.get("VmHWM", 0) * 1024,
    )


def sample(pid: int) -> MemorySample | None:
    """Blocks for about a millisecond a hundred megabytes: not for the event loop."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as file:
            return parse_rollup(file.read())
    except OSError:
        return None


def resident_bytes(pid: int) -> int:
    """0 for a process that is gone. Microseconds."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as file:
            return int(file.read().split()[1]) * PAGE_BYTES
    except OSError:
        return 0
