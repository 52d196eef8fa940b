"""What Reef must reach: the limits, by Python version where they depend on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bars:
    """Ratios are Reef's part of the other side's; units last in names."""

    asleep_ratio: float
    warm_ratio: float
    warm_instance_ratio: float
    pandas_ratio: float | None
    scale: bool
    cold_p50_ms: float = 90.0
    cold_p99_ms: float = 250.0
    cold_ratio: float = 1 / 10
    cold_instance_p50_ms: float = 300.0
    fifty_at_once_s: float = 4.0
    second_start_times: float = 14.0
    first_start_times: float = 5.0
    added_kept_ms: float = 1.5
    added_new_ms: float = 2.5
    recorded_ms: float = 2.0
    scale_asleep_mb: float = 300.0
    scale_warm_mb: float = 4500.0
    zygote_drift_mb: float = 1.0


@dataclass(frozen=True)
class RolloutBars:
    """Of `rollout.py`, the same for every Python."""

    standing_ratio: float = 1 / 4
    monolith_ratio: float = 1 / 8
    distribution_ratio: float = 1 / 3
    calls: int = 20_000
    forwarded: float = 1 / 2
    save_served_s: float = 2.0
    save_shown_s: float = 4.0


ROLLOUT = RolloutBars()


def bars_for(version: tuple[int, int]) -> Bars:
    """The bars of an interpreter: the immortal heap, and so the lower ones, begin with 3.12."""
    if version >= (3, 12):
        return Bars(1 / 30, 1 / 7, 1 / 4, pandas_ratio=1 / 15, scale=True)
    return Bars(1 / 25, 1 / 3.5, 1 / 2.5, pandas_ratio=None, scale=False)
