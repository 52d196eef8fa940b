"""Why a code server did not start, in words for people."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence

MOST_LINES = 100  # Dagster's chained tracebacks have the user's own error in their middle
MOST_BYTES = 16384
LONGEST_MESSAGE = 8  # lines of one exception's message
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ITS_START = re.compile(r" - dagster\.code_server - INFO - Start")  # what each server writes first
TRACEBACK = "Traceback (most recent call last):"
CHAINED = ("The above exception was the direct cause", "During handling of the above exception")


def ending(status: int | None) -> str:
    if status is None:
        return "ended"
    if status < 0:
        return f"was killed by {_signal_name(-status)}"
    return f"ended with exit status {status}"


def over_limit(limit_bytes: int, private_bytes: int) -> str:
    return f"its memory limit of {limit_bytes >> 20} MiB is exceeded ({private_bytes >> 20} MiB private)"


def says_over_limit(reason: str) -> bool:
    """Whether a reason is, or quotes, one of `over_limit`."""
    return "its memory limit of " in reason and " is exceeded (" in reason


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
    """The first line says enough alone: it has the line of `lines` that tells most. All follow."""
    plain = COLOURS.sub("", lines).splitlines()
    said = [line for line in plain if line.strip() and not ITS_START.search(line)]
    if not said:
        return f"{reason}; it wrote nothing before that"
    first = f"{reason}; it wrote: {_telling(said)}"
    return first if len(said) == 1 else "\n".join((first, *said))


def _telling(said: Sequence[str]) -> str:
    """The root cause of the last Python traceback, where what was written ends with one; else the last line."""
    root, last, chained = "", 0, False
    for at, line in enumerate(said):
        if line.startswith(TRACEBACK):
            last = next((n for n in range(at + 1, len(said)) if not said[n][0].isspace()), at)
            root = root if chained else said[last].strip()
        chained = line.startswith(CHAINED) or (chained and not line.startswith(TRACEBACK))
    ends_with_it = root and len(said) - last <= LONGEST_MESSAGE
    return root if ends_with_it else said[-1].strip()
