"""Whether a server is worth standing."""

from __future__ import annotations

from reef.decide.sizing.proposal import Figure, Has
from reef.decide.sizing.stretches import DAY_S
from reef.decide.sizing.used import Used

SELDOM = 0.5  # of its time somebody called it: below that a standing server mostly waits
OFTEN_WAKES = 30  # an hour: so many cold starts would a standing server spare
MOSTLY_AWAKE = 0.8  # of the time: it has the memory of a standing server already


def placement(window: Used, has: Has) -> Figure:
    """Where it should run; None where it stays."""
    watched = max(1, window.watch.seconds)
    if has.placement == "standing":
        if window.watch.weeks == 0:
            return Figure(None, "stays: no whole week was seen")
        if (share := window.busy_s / watched) < SELDOM:
            return Figure("packed", f"somebody called it in {share:.0%} of the minutes; it need not stand")
        return Figure(None, f"fits: somebody called it in {window.busy_s / watched:.0%} of the minutes")
    wakes_an_hour = window.wakes / (watched / 3600)
    awake = window.awake_s / watched
    often = wakes_an_hour > OFTEN_WAKES and awake > MOSTLY_AWAKE
    if has.placement == "packed" and watched >= DAY_S / 2 and often:
        why = f"it wakes {wakes_an_hour:.0f} times an hour and is awake for {awake:.0%} of the time"
        return Figure("standing", f"{why}; a standing server spares the starts")
    return Figure(None, f"fits: {window.wakes} wakes in {watched / 3600:.0f} hours")
