"""Learn what a location imports, by loading it in a process that is then thrown away."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from reef.hosting import reasons
from reef.hosting.launch import socket_pair
from reef.hosting.link import Link
from reef.hosting.machine import Machine, ThisMachine, Variables
from reef.hosting.plan import WarmedModule, WarmUp
from reef.words import fault


class WarmUpFailed(Exception):
    """The interpreter could not be started, or died, or took too long; the message is for people."""


async def warm_up(
    python: str,
    env: Mapping[str, str],
    cwd: str,
    log_path: str,
    grpc_args: Sequence[str] = (),
    flags: Sequence[str] = (),
    timeout_s: float = 120.0,
    machine: Machine | None = None,
) -> WarmUp:
    """Load the location that `grpc_args` name and read it; without arguments a sample location, of which sensors,
    schedules, plans and an instance are tried as well. Raises WarmUpFailed."""
    since = reasons.log_size(log_path)
    machine = machine or ThisMachine()
    ours, theirs = socket_pair()
    link = Link(ours)
    try:
        with theirs, machine.output(log_path) as log:
            process = await machine.start_guest(python, "warmup", Variables(env), cwd, log, theirs, flags)
        try:
            async with asyncio.timeout(timeout_s):
                report = await _ask(link, env, grpc_args)
        finally:
            process.kill_group()
            await asyncio.shield(process.dead())
    except TimeoutError:
        raise WarmUpFailed(f"warming up {python!r} took more than {timeout_s:g} s") from None
    except OSError as error:
        raise WarmUpFailed(f"interpreter {python!r} cannot be started: {fault(error)}") from None
    finally:
        link.close()
    if report is None:
        what = f"warming up {python!r} {reasons.ending(process.status)}"
        raise WarmUpFailed(reasons.with_lines(what, reasons.last_lines(log_path, since)))
    return parse(report)


async def _ask(link: Link, env: Mapping[str, str], grpc_args: Sequence[str]) -> dict[str, Any] | None:
    await link.send({"args": list(grpc_args), "env": dict(env)})
    return await link.receive()


def parse(report: Mapping[str, Any]) -> WarmUp:
    return WarmUp(
        modules=tuple(
            WarmedModule(one["name"], one["file"], tuple(one["env_read"]), tuple(one["needs"]))
            for one in report["modules"]
        ),
        load_s=report["load_s"],
        error=report["error"],
        notes=tuple(report["notes"]),
    )
