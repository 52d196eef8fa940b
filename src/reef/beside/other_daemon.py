"""A second daemon on one Dagster instance doubles every tick: is there one already, that is not Reef's own?"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from reef.beside.companion import ended_at, is_running
from reef.beside.instance import last_heartbeat_at
from reef.errors import ReefError

FRESH_S = 60.0  # Dagster's daemon reports every 30 s
NEXT_REPORT_S = 35.0
SLACK_S = 2.0  # what asking takes: times of reports are reckoned back from their ages


def is_fresh(reported_at: float, own_ended_at: float | None, now: float) -> bool:
    """Whether a report says that some other daemon runs: recent, and later than the end of Reef's own."""
    if now - reported_at >= FRESH_S:
        return False
    return own_ended_at is None or reported_at > own_ended_at + SLACK_S


async def refuse_second_daemon(
    record: Path, home: str, python: str, env: Mapping[str, str], cwd: str | None = None
) -> None:
    """Raises ReefError where another daemon reports to the instance; `record` is that of Reef's own.

    Raises InstanceUnavailable where Dagster cannot open the instance.
    """
    if is_running(record):
        return  # an earlier host's, which this one takes up
    reported_at, now = await last_heartbeat_at(python, env, cwd)
    if reported_at is None or not is_fresh(reported_at, ended_at(record), now):
        return
    if _was_left_behind(record) and not await _reports_again(reported_at, python, env, cwd):
        return
    raise ReefError(
        f"a Dagster daemon reported to the instance of {home!r} {max(0.0, now - reported_at):.0f} s ago",
        hint="two daemons double every tick: stop that one, or start Reef with --no-daemon",
    )


def _was_left_behind(record: Path) -> bool:
    """A record without a process: Reef's own daemon ended with a crash, and nobody knows when."""
    try:
        return "pid" in json.loads(record.read_bytes())
    except (OSError, ValueError, TypeError):
        return False


async def _reports_again(before: float, python: str, env: Mapping[str, str], cwd: str | None) -> bool:
    """Whether a newer report comes within the time in which a living daemon makes one."""
    await asyncio.sleep(NEXT_REPORT_S)
    after, _ = await last_heartbeat_at(python, env, cwd)
    return after is not None and after > before + SLACK_S
