"""Why a code server did not start, in words for people."""

from __future__ import annotations

import os
import signal

MOST_LINES = 100  # Dagster's chained tracebacks have the user's own error in their middle
MOST_BYTES = 16384


def ending(status: int | None) -> str:
    if status is None:
        return "ended"
    if status < 0:
        return f"was killed by {_signal_name(-status)}"
    return f"ended with exit status {status}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def log_size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def last_lines(path: str, since: int) -> str:
    """The end of what was written to the log from byte `since` on."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - MOST_BYTES))
            lines = file.read(MOST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return "\n".join(lines[-MOST_LINES:])


def with_lines(reason: str, lines: str) -> str:
    return f"{reason}; its last lines:\n{lines}" if lines.strip() else reason
