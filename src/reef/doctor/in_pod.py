"""The examination of a location in its container: what `reef doctor-pod` does beside it, and prints.

The container's agent starts the guest's `doctor` there, through which everything is asked: loads, sources, where the
location's code lies. Nothing of the location is loaded here.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import msgspec

from reef.doctor.amounts import size_of
from reef.doctor.examining import Examined, Wishes, examine_in
from reef.doctor.findings import Costs, Diagnosis, Trouble
from reef.doctor.flames import Flame
from reef.doctor.guest_talk import Ended, GuestTalk
from reef.doctor.limits import Limits
from reef.doctor.loading import target_of
from reef.doctor.source import SourceFile, source_of
from reef.fleet.model import CodeTarget, Location
from reef.hosting.machine import Process, Variables
from reef.packs.agent_machine import AgentMachine
from reef.packs.agents import AgentGone
from reef.peers.diagnosis import DoctorOrder
from reef.words import classed, describe

AGENT = "agent.sock"
PLACE = "doctor-place"
RETRY_S = 0.2
ANSWER_S = 60.0
ENDS_S = 5.0


class Told(msgspec.Struct, frozen=True):
    """What the process beside a location prints, one line of JSON."""

    diagnosis: Diagnosis
    flame: Flame | None = None


async def examined(order: DoctorOrder, folder: Path, state: Path) -> Told:
    """`folder`: the location's part of the shared volume; `state`: ours alone. Never raises for what it finds."""
    machine = AgentMachine(order.location.container, lambda _: None, lambda _: None)
    try:
        async with asyncio.timeout(order.start_s):
            await _connected(machine, str(folder / AGENT))
        found = await _examined(machine, order, folder, state)
    except TimeoutError:
        return _trouble(order, "error", f"its container did not run within {order.start_s:g} s")
    except OSError as error:
        why = machine.why_not(order.location.python or "python3", "", error)
        return _trouble(order, "error", f"it cannot be examined: {why}")
    except Exception as error:  # a mistake of the doctor's own
        return _trouble(order, "partial", f"the doctor itself failed: {classed(error)}")
    finally:
        await machine.disconnect()
    return Told(found.diagnosis, found.flame)


def _trouble(order: DoctorOrder, kind: str, message: str) -> Told:
    trouble = Trouble(kind=kind, message=message)  # type: ignore[arg-type]
    return Told(Diagnosis(location=order.name, load=Costs(), own=Costs(), definitions={}, trouble=(trouble,)))


async def _connected(machine: AgentMachine, path: str) -> None:
    """The container may only just be coming: its image is pulled meanwhile."""
    while True:
        try:
            await machine.connect(path)
            return
        except AgentGone:
            await asyncio.sleep(RETRY_S)


async def _examined(machine: AgentMachine, order: DoctorOrder, folder: Path, state: Path) -> Examined:
    hello = machine.hello
    assert hello is not None
    python = order.location.python or hello.dagster_python
    if not python.startswith("/"):
        python = await machine.interpreter(python or "python3")
    if not python:
        raise FileNotFoundError(2, "no such interpreter", order.location.python or "python3")
    spec = location_of(order, hello.cwd)
    env = Variables(order.location.env, {"PYTHONHASHSEED": "0", "DAGSTER_HOME": str(folder)})
    log = state / "doctor.log"
    ours, theirs = socket.socketpair()
    try:
        with machine.output(str(log)) as output:
            process = await machine.start_guest(python, "doctor", env, hello.cwd, output, theirs)
    except OSError:
        ours.close()
        raise
    finally:
        theirs.close()
    try:
        said = await asyncio.to_thread(open, log, "rb")
        with said, AgentGuest(ours, str(folder / PLACE), said, process) as guest:
            return await asyncio.to_thread(examine_in, guest, spec, wishes_of(order), time.perf_counter())
    finally:
        process.kill_group()
        await _end(machine, python, hello.cwd, log)


async def _end(machine: AgentMachine, python: str, cwd: str, log: Path) -> None:
    """Ends the agent, and with it its container: nobody needs the pod any longer."""
    ask = f"import os, signal; os.kill(os.getppid(), signal.{signal.SIGTERM.name})"
    try:
        with machine.output(str(log)) as output:
            await machine.start([python, "-I", "-S", "-c", ask], Variables({}), cwd, output)
    except OSError:
        return  # it has ended already


def location_of(order: DoctorOrder, cwd: str) -> Location:
    """`cwd`: the container's working directory, which is Dagster's own default too."""
    known = {**order.target}
    known["working_directory"] = os.path.join(cwd, known.get("working_directory", ""))
    if file := known.get("python_file"):
        known["python_file"] = os.path.join(cwd, file)
    return Location(
        name=order.name,
        code=CodeTarget(**known),
        placement="packed" if order.packed else "standing",
        cwd=cwd,
        env=order.location.env,
        load_timeout_s=order.timeout_s,
    )


def wishes_of(order: DoctorOrder) -> Wishes:
    limits = Limits()
    if order.memory_bytes is not None:
        limits = replace(limits, memory_bytes=order.memory_bytes)
    if order.time_s is not None:
        limits = replace(limits, cpu_s=order.time_s, wait_s=order.time_s)
    return Wishes(limits, timeout_s=order.timeout_s, ticks=order.ticks)


class AgentGuest(GuestTalk):
    """The guest's `doctor` in a container. Made on the event loop, used in a thread beside it."""

    def __init__(self, connection: socket.socket, place: str, log: BinaryIO, process: Process) -> None:
        super().__init__(connection, place, log)
        loop = asyncio.get_running_loop()
        self._dead: Callable[[], int | None] = lambda: asyncio.run_coroutine_threadsafe(
            process.dead(), loop
        ).result(ENDS_S)

    def __enter__(self) -> AgentGuest:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def roots(self, spec: Location) -> list[str]:
        assert spec.code is not None
        target = {name: value for name, value in target_of(spec.code).items() if value}
        found = self._asked({"do": "roots", "target": target})
        return msgspec.convert(found.get("roots", []), list[str])

    def source(self, path: str) -> SourceFile:
        try:
            text = self._asked({"do": "source", "path": path}).get("text")
        except Ended:
            text = None
        return source_of(path, text.encode("latin-1")) if isinstance(text, str) else SourceFile(path)

    def killed(self) -> str:
        try:
            told = self._asked({"do": "memory"})
        except Ended as end:
            return "" if end.kind != "exit" else f"its container ended while it was loaded ({describe(end)})"
        if not told.get("kills"):
            return ""
        limit = told.get("limit_bytes")
        return out_of_memory(limit if isinstance(limit, int) else None)

    def _asked(self, request: dict[str, object]) -> dict[str, object]:
        return self.ask({"roots": [], "timeout_s": ANSWER_S, **request}, 2 * ANSWER_S)

    def _exit_code(self) -> int | None:
        try:
            return self._dead()
        except TimeoutError:
            return None


def out_of_memory(limit: int | None) -> str:
    said = f" of {size_of(limit)}" if limit else ""
    return f"the kernel ended it at its container's memory limit{said} while it was loaded"
