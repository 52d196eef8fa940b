"""What /proc says of processes, and waiting for the end of one that is not ours. A guest has its own (`guest/proc.py`).

Each function reads a line or two: some ten microseconds.
"""

from __future__ import annotations

import asyncio
import os
from typing import Literal

_STATE, _PARENT, _SESSION, _USER_TICKS, _SYSTEM_TICKS, _START = 0, 1, 3, 11, 12, 19
_ENDED = (b"Z", b"X")


def _fields(pid: int) -> list[bytes] | None:
    """/proc/PID/stat from the third field on: the name before it may hold spaces and brackets."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split() or None
    except OSError:
        return None


def start_ticks(pid: int) -> int | None:
    """When it was started, in clock ticks: with the pid it names a process for good. None where there is no such
    process, or only its zombie."""
    fields = _fields(pid)
    return None if fields is None or fields[_STATE] in _ENDED else int(fields[_START])


def is_zombie(pid: int) -> bool:
    fields = _fields(pid)
    return fields is not None and fields[_STATE] == b"Z"


def parent_of(pid: int) -> int | None:
    fields = _fields(pid)
    return None if fields is None else int(fields[_PARENT])


def session_of(pid: int) -> int | None:
    """The pid of the process that made its session; None where there is no such process, or only its zombie."""
    fields = _fields(pid)
    return None if fields is None or fields[_STATE] in _ENDED else int(fields[_SESSION])


def cpu_seconds(pid: int) -> float | None:
    """Processor time that a process has used so far."""
    fields = _fields(pid)
    if fields is None:
        return None
    return (int(fields[_USER_TICKS]) + int(fields[_SYSTEM_TICKS])) / os.sysconf("SC_CLK_TCK")


def resident_and_peak(pid: int) -> tuple[int, int] | None:
    """Bytes that a process has in memory, and the most that it ever had (VmRSS, VmHWM); None where it is gone, or only
    its zombie is there."""
    try:
        with open(f"/proc/{pid}/status", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return None
    found = {
        name: int(rest.split()[0]) * 1024
        for name, _, rest in (line.partition(b":") for line in lines)
        if name in (b"VmRSS", b"VmHWM")
    }
    return (found[b"VmRSS"], found[b"VmHWM"]) if len(found) == 2 else None


def children_of(pid: int | Literal["self"]) -> tuple[int, ...]:
    """Direct children, zombies too; empty for a process that is gone."""
    found: list[int] = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return ()
    for task in tasks:
        try:
            with open(f"/proc/{pid}/task/{task}/children", "rb") as file:
                found += map(int, file.read().split())
        except OSError:  # that thread has ended
            continue
    return tuple(found)


def below(pid: int) -> list[int]:
    """All living descendants of a process."""
    found: list[int] = []
    left = [pid]
    while left:
        children = children_of(left.pop())
        left += children
        found += [child for child in children if start_ticks(child) is not None]
    return found


def command_line(pid: int) -> bytes:
    """Its arguments, each ended by a NUL; empty for a process that is gone, a zombie and a thread of the kernel."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def pids() -> list[int]:
    """Of every process of this machine that can be seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


async def until_ended(pid: int, ticks: int) -> None:
    """Returns when the process that was started at `ticks` has ended, whoever its parent is; it may still be a zombie.
    Returns at once where it is gone, also where another process came to have its pid."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(fd, ended.set)
    try:
        if start_ticks(pid) == ticks:
            await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)
