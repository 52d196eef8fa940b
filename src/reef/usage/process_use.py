"""What a server's process has used so far, from /proc."""

from __future__ import annotations

from dataclasses import dataclass

from reef.hosting.contract import Child
from reef.procfs import cpu_seconds, resident_and_peak, start_ticks


@dataclass(frozen=True)
class ProcessUse:
    """Bytes and seconds. `peak` is the most that the process ever had in memory."""

    resident: int
    peak: int
    cpu_s: float


def process_use(child: Child) -> ProcessUse | None:
    """None where it is gone. Some fifty microseconds."""
    memory, cpu_s = resident_and_peak(child.pid), cpu_seconds(child.pid)
    if memory is None or cpu_s is None or start_ticks(child.pid) != child.start_ticks:
        return None
    return ProcessUse(*memory, cpu_s)
