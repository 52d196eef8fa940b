"""Inspecting interpreters off the event loop, remembering what was found."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path

import msgspec

from reef.environments import store
from reef.environments.model import Environment, EnvironmentProblem, compact
from reef.environments.watch import changed_since
from reef.environments.worker import Answer, Request

Found = Environment | EnvironmentProblem
_WORKER = "from reef.environments.worker import main; main()"
_LONGEST_LINE = 256 << 20


async def inspect(python: str, *, cache: Path | None = None, timeout_s: float = 30.0) -> Found:
    """One interpreter; see `inspect_all`."""
    return (await inspect_all([python], cache=cache, timeout_s=timeout_s))[python]


async def inspect_all(
    pythons: Iterable[str], *, cache: Path | None = None, timeout_s: float = 30.0
) -> Mapping[str, Found]:
    """What each interpreter (absolute path, symlinks kept) is, or why it cannot be used.

    `cache` is a folder (made if need be) whose entries are believed while their marks hold. An interpreter
    has `timeout_s` to answer. Cancelling ends every process that was started.
    """
    wanted = list(dict.fromkeys(pythons))
    if cache:
        await asyncio.to_thread(cache.mkdir, parents=True, exist_ok=True)
    found: dict[str, Found] = dict(await asyncio.to_thread(_remembered, wanted, cache))
    missing = [python for python in wanted if python not in found]
    if missing:
        request = Request(missing, str(cache) if cache else None, timeout_s)
        async for answer in _survey(request):
            found[answer.python] = await _taken(answer, cache)
    return {python: found.get(python) or _lost(python) for python in wanted}


async def changed(environment: Environment) -> bool:
    """`changed_since` off the event loop."""
    return await asyncio.to_thread(changed_since, environment)


def _remembered(pythons: list[str], cache: Path | None) -> dict[str, Environment]:
    if cache is None:
        return {}
    stored = ((python, store.load(cache, python)) for python in pythons)
    return {python: found for python, found in stored if found and not changed_since(found)}


async def _taken(answer: Answer, cache: Path | None) -> Found:
    if answer.problem or not answer.environment:
        return answer.problem or _lost(answer.python)
    if cache:
        await asyncio.to_thread(store.save, cache, answer.environment)
    return compact(answer.environment)


def _lost(python: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        python, f"{python} was not surveyed: the survey ended early", "see the messages above, then try again"
    )


async def _survey(request: Request) -> AsyncIterator[Answer]:
    environ = {k: v for k, v in os.environ.items() if k not in ("PYTHONSTARTUP", "PYTHONINSPECT")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _WORKER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        env=environ,
        cwd="/",
    )
    assert process.stdin
    assert process.stdout
    try:
        process.stdin.write(msgspec.json.encode(request))
        process.stdin.close()
        async for line in process.stdout:
            yield msgspec.json.decode(line, type=Answer)
        await process.wait()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
