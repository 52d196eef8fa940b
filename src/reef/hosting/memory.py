"""What a process costs, from /proc/PID/smaps_rollup."""

from __future__ import annotations

from reef.hosting.contract import MemorySample


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
    )


def sample(pid: int) -> MemorySample | None:
    """Blocks for about a millisecond a hundred megabytes: not for the event loop."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as file:
            return parse_rollup(file.read())
    except OSError:
        return None
