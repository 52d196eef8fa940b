"""From which cost on a statement is worth a finding."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """Either of memory and time is enough; `wait_s` is time in which the processor does nothing (a sleep, a call)."""

    memory_bytes: int = 5 * MIB
    cpu_s: float = 0.25
    wait_s: float = 0.25
    file_bytes: int = 10 * MIB
    snapshot_bytes: int = 25 * MIB  # Dagster refuses messages from 100 MB on
    definitions: int = 5000
    tick_s: float = 5.0
    shared_bytes: int = MIB // 2  # of modules that two causes bring, from which on it is said

    def heavy(self, private_bytes: int, cpu_s: float, wall_s: float) -> bool:
        waited = wall_s - cpu_s >= self.wait_s and wall_s >= 2 * cpu_s
        return private_bytes >= self.memory_bytes or cpu_s >= self.cpu_s or waited
