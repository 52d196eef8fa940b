"""Time that this process had or waited for something: not what it waited for a processor that others had."""

from __future__ import annotations

import os
import time


class Clock:
    """Of the process and thread that made it, which must be the first thread."""

    def __init__(self) -> None:
        try:
            self._fd = os.open("/proc/self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._fd = -1

    def wall_s(self) -> float:
        return time.perf_counter() - self._queued_s()

    def _queued_s(self) -> float:
        if self._fd < 0:
            return 0.0
        fields = os.pread(self._fd, 64, 0).split()
        return int(fields[1]) / 1e9 if len(fields) > 1 else 0.0

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)


def wall_s() -> float:
    """The same, once."""
    clock = Clock()
    try:
        return clock.wall_s()
    finally:
        clock.close()
