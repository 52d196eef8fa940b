"""Whether a server is worth standing."""

from __future__ import annotations

from reef.decide.sizing.proposal import Figure, Has
from reef.decide.sizing.stretches import DAY_S
from reef.decide.sizing.used import Used

SELDOM = 0.5  # of its time somebody called it: below that a standing server mostly waits
OFTEN_WAKES = 30  # an hour: more wakes than that are cold starts that a warm process would spare


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
    if has.placement == "packed" and watched >= DAY_S / 2 and wakes_an_hour > OFTEN_WAKES:
        return Figure(
            "standing", f"it wakes {wakes_an_hour:.0f} times an hour; a standing server spares that"
        )
    return Figure(None, f"fits: {window.wakes} wakes in {watched / 3600:.0f} hours")
