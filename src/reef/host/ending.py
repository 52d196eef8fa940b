"""The end of a host: what lives on is told, ended or left to the next one."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable

from reef.beside.instance import InstanceUnavailable
from reef.beside.tree import kill_below, kill_tree
from reef.errors import ReefError
from reef.host.assembly import Assembly
from reef.host.beside import DagsterBeside
from reef.statedir import StateDir
from reef.words import count, describe

log = logging.getLogger("reef")

CANCEL_RUNS_S = 3.0
TELL_RUNS_S = 5.0  # Dagster needs one or two to open its instance; one that still computes then may be slow
TELL_RUNS_AT_MOST_S = 30.0


async def cancel_runs(parts: Assembly, beside: DagsterBeside, say: Callable[[str], None]) -> None:
    """Mark live runs as cancelled, then interrupt them; returns when they have ended, or after some seconds."""
    runs = parts.stores.runs
    for place in parts.places.values():
        if place.serving.runs:
            await parts.serving.rester.refresh_runs(place)
    live = [run for run in runs.all() if run.is_alive()]
    if not live:
        return
    say(f"cancelling {count(len(live), 'live run')}: {', '.join(run.run_id[:8] for run in live)}")
    message = "Reef was stopped by a person, which cancels its runs."
    try:
        async with asyncio.timeout(TELL_RUNS_AT_MOST_S):
            await beside.ask_instance("cancel-runs", live, message, TELL_RUNS_S)
    except (TimeoutError, InstanceUnavailable, ReefError, OSError) as error:
        log.warning("live runs could not be marked as cancelled beforehand: %s", describe(error))
    for run in live:
        runs.interrupt(run.run_id)
    deadline = time.monotonic() + CANCEL_RUNS_S
    while any(run.is_alive() for run in live) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


def kill_all(parts: Assembly) -> None:
    """Runs, children, and whatever else is below this process."""
    for run in parts.stores.runs.all():
        if run.is_alive():
            kill_tree(run.pid)
    for place in parts.places.values():
        for child in place.serving.children():
            kill_tree(child.pid)
    kill_below(os.getpid())


def sweep(state: StateDir, leave_children: bool) -> None:
    """Remove sockets and records of what has ended."""
    state.admin_socket.unlink(missing_ok=True)
    for folder in ["l"] if leave_children else ["l", "c", "children"]:
        for path in (state.root / folder).glob("*"):
            # Somebody may have removed it.
            path.unlink(missing_ok=True)
