"""What a process of Reef says of itself."""

from __future__ import annotations

import os
import platform
import time

from reef import __version__
from reef.hosting.memory import resident_bytes, sample
from reef.metrics import of_hosts
from reef.metrics.exposition import Page
from reef.metrics.metric import Role
from reef.procfs import start_ticks


class OwnProcess:
    """`put` reads /proc, for some milliseconds: not for the event loop."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self.pss_bytes = 0  # at the last scrape
        self._started = _started_at()

    def put(self, page: Page) -> None:
        times = os.times()
        memory = sample(os.getpid())
        page.put(of_hosts.HOST_INFO, 1, "", __version__, self._role, platform.python_version())
        page.put(of_hosts.PROCESS_CPU, times.user + times.system)
        page.put(of_hosts.PROCESS_RSS, resident_bytes(os.getpid()))
        page.put(of_hosts.PROCESS_STARTED, self._started)
        page.put(of_hosts.PROCESS_FDS, len(os.listdir("/proc/self/fd")))
        if memory is not None:
            self.pss_bytes = memory.pss
            page.put(of_hosts.PROCESS_PSS, memory.pss)


def _started_at() -> float:
    """Unix seconds."""
    ticks = start_ticks(os.getpid()) or 0
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf("SC_CLK_TCK")


def machine_memory() -> tuple[int, int]:
    """Bytes in all, and available, as /proc/meminfo has them. Raises OSError."""
    with open("/proc/meminfo", encoding="ascii") as file:
        found = dict(line.split(":", 1) for line in file)
    total, available = (int(found[name].split()[0]) * 1024 for name in ("MemTotal", "MemAvailable"))
    return total, available
