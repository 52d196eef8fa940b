"""What the host sees of each location, as plain values: the input of every decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Phase = Literal["unprobed", "asleep", "waking", "warm", "failed"]


@dataclass(frozen=True)
class Costs:
    """Measured, None until it was: what a cold start takes, private bytes while warm, seconds between uses."""

    cold_start_s: float | None = None
    cold_start_cpu_s: float | None = None  # processor time: what a wake costs, however busy the machine is
    private_bytes: int | None = None
    call_interval_s: float | None = None
    reaches_outside: bool = (
        False  # its load opens connections or starts programs: a wake costs others something
    )


@dataclass(frozen=True)
class LocationView:
    """One location at one moment. Times are monotonic seconds."""

    name: str
    phase: Phase
    forwards: bool = True  # False for external: nothing of it is ours to start or to end
    stays_up: bool = False  # placement standing
    waiting: int = 0  # held calls
    in_flight: int = 0  # forwarded calls that are under way
    live_runs: int = 0
    idle_since: float = 0.0
    failures: int = 0  # wakes failed in a row
    failed_at: float = 0.0
    last_error: str | None = None
    idle_timeout_s: float | None = None  # the user's; None: decide
    costs: Costs = Costs()
    private_bytes: int = 0  # last sample
    memory_limit_bytes: int | None = None
