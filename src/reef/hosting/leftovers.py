"""Processes that a dead code server left in its session: its runs live on, everything else ends with it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping

from reef.procfs import command_line, pids, session_of

RUN = b"multiprocessing.spawn"  # how multiprocessing names what it spawns, Dagster's runs and their steps
TRACKER = b"multiprocessing.resource_tracker"  # ends by itself, after it has cleaned up


def to_end(session: Mapping[int, bytes]) -> tuple[int, ...]:
    """Of a session's processes (pid -> command line) those to be ended: none while a run of it lives."""
    if any(RUN in command for command in session.values()):
        return ()
    return tuple(pid for pid, command in session.items() if TRACKER not in command)


def of_session(leader: int) -> dict[int, bytes]:
    """Living processes in the session that `leader` made. Reads all of /proc: not for the event loop."""
    return {pid: command_line(pid) for pid in pids() if session_of(pid) == leader}


def end(leader: int) -> None:
    """End what the dead `leader` left, itself excluded."""
    session = of_session(leader)
    session.pop(leader, None)
    for pid in to_end(session):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
