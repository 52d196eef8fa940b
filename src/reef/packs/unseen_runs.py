"""Runs that a server in a container holds: their processes cannot be seen from here."""

from __future__ import annotations

from reef.serving.runs import RunBook


class UnseenRuns(RunBook):
    """A pid of another container means another process here. What a server says it holds is all that is known."""

    def note_started(self, run_id: str, name: str, child_pid: int) -> None:
        return
