"""Questions to the Dagster instance, asked in a process of its own: the host never imports Dagster."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path

import reef.guest as guest
from reef.beside.companion import there_or_none

TOOL = Path(guest.__file__).parent / "instance_tool.py"
TIMEOUT_S = 90.0


class InstanceUnavailable(Exception):
    """Dagster could not open its instance; the text is the end of what it printed."""


async def ask(
    python: str, env: Mapping[str, str], command: str, request: object = None, cwd: str | None = None
) -> object:
    """One command of the instance tool, run in `cwd`; its JSON answer. Raises InstanceUnavailable."""
    process = await asyncio.create_subprocess_exec(
        python,
        str(TOOL),
        command,
        env=dict(env),
        cwd=there_or_none(cwd),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(json.dumps(request).encode()), TIMEOUT_S)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise InstanceUnavailable(err.decode(errors="replace")[-2000:].strip())
    return json.loads(out.decode().splitlines()[-1])


async def last_heartbeat_at(
    python: str, env: Mapping[str, str], cwd: str | None = None
) -> tuple[float | None, float]:
    """When somebody's daemon last reported to this instance (None: never), and now: seconds since 1970."""
    ages = await ask(python, env, "heartbeats", cwd=cwd)
    if not isinstance(ages, dict):
        raise InstanceUnavailable(f"unexpected heartbeats {ages!r}")
    now = time.time()
    return max((now - float(age) for age in ages.values()), default=None), now
