"""When the pods of a shared service go: nobody has called it for a while."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ServiceView:
    """`calls` are under way or wait. `used_at`: when the last one ended, seconds of any clock. `awake` None: nobody
    knows whether it has pods."""

    calls: int
    used_at: float
    idle_timeout_s: float
    awake: bool | None = None
    changing: bool = False  # it is being scaled just now


def goes_to_sleep(one: ServiceView, now: float) -> bool:
    """Whether it is scaled to 0 now. Where nobody knows, it is scaled all the same: pods that are left cost memory."""
    if one.calls or one.changing or one.awake is False:
        return False
    return now - one.used_at >= one.idle_timeout_s
