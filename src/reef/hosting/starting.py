"""From a process that has just been made to a code server that answers, or to the reason why not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any

from reef.hosting import limit, reasons, reports
from reef.hosting.contract import ChildSpec, StartFailed
from reef.hosting.launch import plain_command, socket_pair
from reef.hosting.link import Link
from reef.hosting.machine import Machine, Process, Variables
from reef.hosting.ping import answered
from reef.hosting.plan import Rebase
from reef.hosting.zygote import ForkRefused, Zygote
from reef.words import seconds

SOCKET_POLL_S = 0.1
ASKED_WHERE_S = 2.0


@dataclass(frozen=True)
class Running:
    """A code server that has answered; `link` is open for a probe, to ask for its report."""

    process: Process
    link: Link | None
    forked: bool


@dataclass(frozen=True)
class Orders:
    """What a child is told besides its spec."""

    machine: Machine
    claim: str | None
    unclaimed_s: float | None = None


class StartedUnfit(Exception):
    """The interpreter ended before our code in it could say a word."""


async def start_forked(
    spec: ChildSpec, zygote: Zygote, rebase: dict[str, Any] | None, orders: Orders, timeout_s: float
) -> Running:
    """Raises StartFailed, and ForkRefused where the zygote is at fault."""

    async def make(theirs: socket.socket, log: int) -> Process:
        return await zygote.fork(theirs.fileno(), log)

    return await _guided(spec, make, _message(spec, rebase, orders), orders.machine, timeout_s, forked=True)


async def start_fresh(spec: ChildSpec, orders: Orders, timeout_s: float) -> Running:
    """The same guest in an interpreter of its own; where even that fails, Dagster's plain command."""

    async def make(theirs: socket.socket, log: int) -> Process:
        env = Variables(spec.env)
        return await orders.machine.start_guest(spec.python, "fresh", env, spec.cwd, log, theirs)

    end = time.monotonic() + timeout_s
    try:
        return await _guided(
            spec, make, _message(spec, None, orders), orders.machine, timeout_s, forked=False
        )
    except StartedUnfit:
        return await _start_plain(spec, orders.machine, end - time.monotonic())


async def _start_plain(spec: ChildSpec, machine: Machine, timeout_s: float) -> Running:
    since = reasons.log_size(spec.log_path)
    with machine.output(spec.log_path, spec.location) as log:
        command = plain_command(spec.python, spec.socket, spec.grpc_args)
        process = await machine.start(command, Variables(spec.env), spec.cwd, log)
    starting = _Starting(spec, machine, process, None, since, timeout_s)
    await _or_killed(process, _until_answered(starting))
    return Running(process, None, False)


async def _guided(
    spec: ChildSpec,
    make: Callable[[socket.socket, int], Awaitable[Process]],
    message: dict[str, Any],
    machine: Machine,
    timeout_s: float,
    forked: bool,
) -> Running:
    since = reasons.log_size(spec.log_path)
    ours, theirs = socket_pair()
    link = Link(ours)
    try:
        with theirs, machine.output(spec.log_path, spec.location) as log:
            process = await make(theirs, log)
        starting = _Starting(spec, machine, process, link, since, timeout_s)
        await _or_killed(process, _instructed(starting, message))
    except BaseException:
        link.close()
        raise
    if spec.purpose == "probe":
        return Running(process, link, forked)
    link.close()
    return Running(process, None, forked)


def _message(spec: ChildSpec, rebase: dict[str, Any] | None, orders: Orders) -> dict[str, Any]:
    return {
        "location": spec.location,
        "version": spec.version,
        "purpose": spec.purpose,
        "python": spec.python,
        "args": list(spec.grpc_args),
        "cwd": spec.cwd,
        "env": dict(spec.env),
        "socket": spec.socket,
        "copy": spec.copy,
        "log": spec.log_path,
        "environ_of": orders.machine.environ_of,
        "records": orders.machine.records,
        "claim": orders.claim,
        "unclaimed_s": orders.unclaimed_s,
        "rebase": rebase,
        "observe": spec.purpose == "probe",
        "started_at": time.time(),
    }


async def _or_killed(process: Process, waiting: Coroutine[Any, Any, None]) -> None:
    """Whatever goes wrong, or whoever cancels: then the process and its group are dead."""
    try:
        await waiting
    except BaseException:
        process.kill_group()
        await asyncio.shield(process.dead())
        raise


@dataclass(frozen=True)
class _Starting:
    """A process that is to become a code server; `since` is where its log begins, `timeout_s` the time that it has."""

    spec: ChildSpec
    machine: Machine
    process: Process
    link: Link | None
    since: int
    timeout_s: float


async def _instructed(one: _Starting, message: dict[str, Any]) -> None:
    assert one.link is not None
    with contextlib.suppress(OSError):  # a guest that has died already is told by its process
        await one.link.send(message)
    await _until_answered(one)


async def _until_answered(one: _Starting) -> None:
    heard, spec = _Heard(), one.spec
    death = asyncio.create_task(one.process.dead())
    ready = asyncio.create_task(_ready(one, heard))
    over = asyncio.create_task(limit.until_over(one.machine, one.process.pid, spec.memory_limit_bytes))
    watched: tuple[asyncio.Task[Any], ...] = (death, ready, over)
    try:
        await asyncio.wait(watched, timeout=one.timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if over.done():
            raise _too_large(spec, over.result(), one.since)
        if ready.done() and ready.exception() is None and not death.done():
            return
        if death.done():
            raise _ended(spec, one.process, one.link, heard, one.since)
        await _cancelled(watched)
        raise _late(spec, heard, one.since, one.timeout_s, await _where(spec, one.link))
    finally:
        await _cancelled(watched)


async def _cancelled(tasks: Iterable[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@dataclass
class _Heard:
    anything: bool = False
    listening: bool = False
    failure: str | None = None


async def _ready(one: _Starting, heard: _Heard) -> None:
    told = asyncio.create_task(_until_told(one.link, heard))
    try:
        while not heard.listening and not _exists(one.spec.socket):
            await asyncio.wait({told}, timeout=SOCKET_POLL_S)
            if told.done() and not heard.listening:
                await asyncio.sleep(SOCKET_POLL_S)
        await one.machine.share(one.spec.socket)
        await answered(one.spec.socket, one.timeout_s)
    finally:
        told.cancel()
        await asyncio.gather(told, return_exceptions=True)


def _exists(path: str) -> bool:
    return os.path.exists(path)


async def _until_told(link: Link | None, heard: _Heard) -> None:
    while link is not None and not heard.listening and (message := await link.receive()) is not None:
        heard.anything = True
        heard.listening = message["event"] == "listening"
        if message["event"] == "failed":
            heard.failure = message["reason"]


def _ended(
    spec: ChildSpec, process: Process, link: Link | None, heard: _Heard, since: int
) -> StartFailed | StartedUnfit:
    if link is not None and not heard.anything:
        return StartedUnfit()
    what = f"the code server of {spec.location!r} {reasons.ending(process.status)} before it answered"
    if heard.failure:
        what += f": {heard.failure.rstrip(': ')}"
    return StartFailed(reasons.with_lines(what, reasons.last_lines(spec.log_path, since)), process.status)


async def _where(spec: ChildSpec, link: Link | None) -> str:
    """`file:line` where the location's code is, as a probe's guest says; "" where it does not say."""
    if link is None or spec.purpose != "probe":
        return ""
    try:
        async with asyncio.timeout(ASKED_WHERE_S):
            report = await reports.ask(link)
    except (TimeoutError, ValueError):  # it begins to listen just now, and says two things at once
        return ""
    return report.at if report else ""


def _allowed(spec: ChildSpec, timeout_s: float) -> str:
    limit = spec.load_timeout
    return f"{seconds(limit.seconds if limit else timeout_s)} ({limit.setting if limit else 'load_timeout'})"


def _late(spec: ChildSpec, heard: _Heard, since: int, timeout_s: float, where: str) -> StartFailed:
    what = f"the code server of {spec.location!r} did not answer within {_allowed(spec, timeout_s)}: "
    what += "it listens, and is silent" if heard.listening else "it was still loading its code"
    what += f" ({where})" if where else ""
    return StartFailed(reasons.with_lines(what, reasons.last_lines(spec.log_path, since)))


def _too_large(spec: ChildSpec, private_bytes: int, since: int) -> StartFailed:
    allowed, used = (spec.memory_limit_bytes or 0) >> 20, private_bytes >> 20
    what = f"the code server of {spec.location!r} was ended while it was loading: its memory limit of {allowed} MiB "
    what += f"is exceeded ({used} MiB private)"
    return StartFailed(reasons.with_lines(what, reasons.last_lines(spec.log_path, since)))


def rebase_message(rebase: Rebase, zygote_site_dirs: tuple[str, ...]) -> dict[str, Any]:
    return {
        "prefix": rebase.prefix,
        "exec_prefix": rebase.exec_prefix,
        "base_prefix": rebase.base_prefix,
        "base_exec_prefix": rebase.base_exec_prefix,
        "sys_path": list(rebase.sys_path),
        "moves": list(zip(zygote_site_dirs, rebase.site_dirs, strict=False)),
        "pth_imports": list(rebase.pth_imports),
        "drop_finders": list(rebase.drop_finders),
    }


__all__ = [
    "ForkRefused",
    "Orders",
    "Running",
    "StartedUnfit",
    "rebase_message",
    "start_forked",
    "start_fresh",
]
