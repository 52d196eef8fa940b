"""Questions to the Dagster instance, asked in a process of its own: the host never imports Dagster."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import reef.guest as guest
from reef.beside.companion import there_or_none
from reef.procfs import cpu_seconds

T = TypeVar("T")
TOOL = Path(guest.__file__).parent / "instance_tool.py"
TIMEOUT_S = 90.0
LOOK_S = 1.0


class InstanceUnavailable(Exception):
    """Dagster could not open its instance; the text is the end of what it printed."""


async def ask(
    python: str,
    env: Mapping[str, str],
    command: str,
    request: object = None,
    *,
    cwd: str | None = None,
    patience_s: float = TIMEOUT_S,
) -> object:
    """One command of the instance tool, run in `cwd`; its JSON answer. Raises InstanceUnavailable, and TimeoutError
    where it has not answered after `patience_s` and no longer computes: on a busy machine it may only be slow."""
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
        said = asyncio.ensure_future(process.communicate(json.dumps(request).encode()))
        async with asyncio.timeout(TIMEOUT_S):  # `wait_for` of Python 3.11 may swallow a cancellation
            out, err = await _while_it_computes(said, process.pid, patience_s)
    except (TimeoutError, asyncio.CancelledError):
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise InstanceUnavailable(err.decode(errors="replace")[-2000:].strip())
    return json.loads(out.decode().splitlines()[-1])


async def _while_it_computes(said: asyncio.Future[T], pid: int, patience_s: float) -> T:
    used_s, wait_s = None, patience_s
    try:
        while not (await asyncio.wait({said}, timeout=wait_s))[0]:
            before_s, used_s, wait_s = used_s, cpu_seconds(pid), LOOK_S
            if used_s == before_s:
                raise TimeoutError
        return said.result()
    finally:
        said.cancel()


async def last_heartbeat_at(
    python: str, env: Mapping[str, str], cwd: str | None = None
) -> tuple[float | None, float]:
    """When somebody's daemon last reported to this instance (None: never), and now: seconds since 1970."""
    ages = await ask(python, env, "heartbeats", cwd=cwd)
    if not isinstance(ages, dict):
        raise InstanceUnavailable(f"unexpected heartbeats {ages!r}")
    now = time.time()
    return max((now - float(age) for age in ages.values()), default=None), now
