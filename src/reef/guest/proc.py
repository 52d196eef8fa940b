"""What /proc says of this process."""

from __future__ import annotations

import os


def tasks() -> int:
    """How many threads there are: the folder has a link for itself, one for its parent, one for each."""
    count = os.stat("/proc/self/task").st_nlink - 2
    return count if count > 0 else len(os.listdir("/proc/self/task"))


def stat_fields(pid: int | str = "self") -> list[str]:
    """Fields of /proc/PID/stat from the third on: index 0 is the state, 19 the start in clock ticks."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()


def start_ticks() -> int:
    return int(stat_fields()[19])


def argv_area() -> tuple[int, int]:
    """Addresses between which the kernel keeps argv."""
    fields = stat_fields()
    return int(fields[45]), int(fields[46])


def private_bytes() -> int:
    """What ending this process would give back: without clean pages of files."""
    total = 0
    with open("/proc/self/smaps_rollup", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(("Private_Dirty:", "Private_Hugetlb:")):
                total += int(line.split()[1]) * 1024
    return total


def descriptors() -> dict[str, str]:
    """What this process has open: descriptor -> a path, `socket:[...]` and the like."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:  # the listing's own
            pass
    return found


def open_files() -> dict[str, tuple[int, int, int]]:
    """What this process has open: descriptor -> device, inode and mode."""
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            of = os.fstat(int(fd))
        except OSError:  # the listing's own
            continue
        found[fd] = (of.st_dev, of.st_ino, of.st_mode)
    return found


def children() -> frozenset[str]:
    """Pids of this process' children, "" where the kernel does not tell."""
    pids: list[str] = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
                pids += file.read().split()
        except OSError:
            pass
    return frozenset(pids)


def mapped_files() -> list[str]:
    """Files that are mapped into this process: shared libraries and extension modules."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as file:
        paths = {line.rstrip("\n").split(None, 5)[5] for line in file if line.count("/")}
    return sorted(path for path in paths if path.startswith("/") and not path.startswith("/dev/"))
