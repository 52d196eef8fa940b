"""Definitions that change without a code change: when they are looked at again, and when they are published. Pure.

Times are unix seconds: they outlive the host. A clock that was set back makes nothing wait longer than it would.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reef.fleet.model import Revalidate

SWEEP_S = 2.0  # reloadWorkspace reloads one location after the other, each within this after the one before
UNSTABLE_CHANGES = 3
UNSTABLE_WITHIN_S = 86_400.0
UNSTABLE_PAUSE_S = 600.0
SPREAD = 0.1  # of an interval: locations that began together do not stay together
FIRST_LOOK_S = 60.0  # over so long the first looks of a host are spread
LARGE_BYTES = 1_000_000  # answers that are recorded only once the calls that woke the location are over


@dataclass(frozen=True)
class ReloadAsked:
    """One ReloadCode of a location. Seconds; None: never."""

    changed: bool  # code, environment or settings, or what is there did not load
    revalidate: Revalidate
    quiet: bool = False  # Reef itself makes the webserver reload its workspace
    since_other_s: float | None = None  # the ReloadCode of another location ended; 0 while one is under way
    since_refresh_s: float | None = None  # its component state was refreshed, and probed


def loads_again(asked: ReloadAsked) -> bool:
    """Whether a reload probes the location.

    What changed, always. Else a person who presses Reload gets the definitions as they are now; but a reload of
    the whole workspace sends the same call to every location, and there those that nobody called dynamic are
    answered at once. Dagster's refresh of component state ends with a reload of what has just been probed.
    """
    if asked.changed:
        return True
    if asked.quiet or asked.revalidate == "never" or _within_sweep(asked.since_refresh_s):
        return False
    return asked.revalidate is not None or not _within_sweep(asked.since_other_s)


def _within_sweep(seconds: float | None) -> bool:
    return seconds is not None and seconds < SWEEP_S


def changes_after(
    before: Sequence[float], *, same_version: bool, same_answers: bool, now: float
) -> tuple[float, ...]:
    """When the answers of one version changed, the last few times, once another snapshot is promoted."""
    if not same_version:
        return ()
    return tuple(before) if same_answers else (*before, now)[-UNSTABLE_CHANGES:]


def is_unstable(changes: Sequence[float], now: float) -> bool:
    """Three changes with the same code, all within a day."""
    return len(changes) >= UNSTABLE_CHANGES and now - changes[-UNSTABLE_CHANGES] < UNSTABLE_WITHIN_S


def held_back_s(changes: Sequence[float], now: float) -> float:
    """How long another change of an unstable location is not published yet; 0: publish it."""
    if not is_unstable(changes, now):
        return 0.0
    return min(max(0.0, changes[-1] + UNSTABLE_PAUSE_S - now), UNSTABLE_PAUSE_S)


def first_look_s(every_s: float, age_s: float, chance: float) -> float:
    """Until the first look of a host, for answers of this age; `chance` is in [0, 1)."""
    return max(every_s - max(0.0, age_s), chance * min(every_s, FIRST_LOOK_S))


def next_look_s(every_s: float, chance: float) -> float:
    """Until the next look: the interval, a tenth more or less."""
    return every_s * (1 - SPREAD + 2 * SPREAD * chance)
