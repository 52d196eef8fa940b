"""A container with an agent in it, as the machine of a hosting. One for each container, for as long as that is wanted:
agents come and go."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from reef.hosting.contract import Child, MemorySample
from reef.hosting.launch import guest_command, open_log
from reef.hosting.leftovers import to_end
from reef.hosting.machine import AskParent, Process, Variables
from reef.hosting.memory import parse_rollup
from reef.packs.agents import AgentGone, AgentLink, Ended, Hello, Noted
from reef.packs.processes import AgentProcess
from reef.words import fault

_Value = TypeVar("_Value")

MOST_UNCLAIMED = 64
PASSED = 3  # the descriptor that a started guest gets
Label = Callable[[str], Mapping[str, Any] | None]
"""What each line that a location prints is labelled with in the container's log; None: lines stay as they are."""
Known = Callable[[Child], str | None]
"""The log file of a child that an agent says to be ours; None where it cannot be: what an agent says a container may
have said."""


class AgentMachine:
    """Implements `hosting.machine.Machine`. While there is no agent, nothing can be started, and nothing runs."""

    records = ""  # the agent keeps notes: what a container can write to is no record of ours

    def __init__(self, container: str, label: Label, known: Known) -> None:
        self._container = container
        self._known_log = known
        self._label = label
        self._link: AgentLink | None = None
        self._started = ""
        self._processes: dict[tuple[int, int], AgentProcess] = {}
        self._unclaimed: dict[tuple[int, int], int | None] = {}
        self._left: list[Noted] = []

    # -- agents that come and go -------------------------------------------------------------------

    @property
    def hello(self) -> Hello | None:
        """None while no agent is there."""
        return self._link.hello if self._link is not None else None

    async def connect(self, path: str) -> AgentLink:
        """Another agent than the one before means that all its processes are dead. Raises AgentGone."""
        link = await AgentLink.connect(path, self._ended)
        if link.hello.started != self._started:
            self.lost()
            self._started = link.hello.started
        for ended in link.hello.ended:
            self._ended(ended)
        living = {(one.pid, one.ticks) for one in link.hello.children}
        self._link = link
        self._left = [one for one in link.hello.children if (one.pid, one.ticks) not in self._processes]
        for pid, ticks in self._processes.keys() - living:
            self._ended(Ended(pid, ticks, None))
        return link

    async def disconnect(self) -> None:
        """The connection is over; whether the agent is too is seen later."""
        link, self._link = self._link, None
        if link is not None:
            await link.close()

    def lost(self) -> None:
        """The agent has ended, and so has all in its container."""
        self._started = ""
        self._left = []
        for pid, ticks in list(self._processes):
            self._ended(Ended(pid, ticks, None))

    def _ended(self, ended: Ended) -> None:
        """It may be told before whoever asked for the process has been answered."""
        key = ended.pid, ended.ticks
        process = self._processes.pop(key, None)
        if process is not None:
            process.told(ended.status)
        else:
            self._unclaimed[key] = ended.status
            if len(self._unclaimed) > MOST_UNCLAIMED:
                del self._unclaimed[next(iter(self._unclaimed))]

    def _agent(self) -> AgentLink:
        if self._link is None:
            raise AgentGone(f"container {self._container!r} is not running")
        return self._link

    def _tell(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        with contextlib.suppress(AgentGone):
            self._agent().tell(message, fds)

    # -- the machine -------------------------------------------------------------------------------

    @property
    def environ_of(self) -> int:
        return self._link.hello.pid if self._link is not None else 0

    async def tend(self, is_watched: Callable[[int], bool]) -> None:
        """The agent reaps."""

    async def start(self, command: Sequence[str], env: Variables, cwd: str, log: int) -> Process:
        return await self._spawn(self._agent(), command, env, cwd, (log,))

    async def start_guest(
        self,
        python: str,
        mode: str,
        env: Variables,
        cwd: str,
        log: int,
        passed: socket.socket,
        flags: Sequence[str] = (),
    ) -> Process:
        agent = self._agent()
        command = guest_command(python, mode, PASSED, flags, agent.hello.guest)
        return await self._spawn(agent, command, env, cwd, (log, passed.fileno()))

    async def _spawn(
        self, agent: AgentLink, command: Sequence[str], env: Variables, cwd: str, fds: Sequence[int]
    ) -> Process:
        order = {
            "op": "spawn",
            "argv": list(command),
            "cwd": cwd,
            "env": dict(env.given),
            "defaults": dict(env.defaults),
            "without": list(env.without),
        }
        return self._known(await agent.process(order, fds))

    async def process(self, pid: int, ask_parent: AskParent | None = None) -> Process | None:
        try:
            return self._known(await self._agent().process({"op": "watch", "pid": pid}), ask_parent)
        except OSError:
            return None

    def _known(self, one: Noted, ask_parent: AskParent | None = None) -> AgentProcess:
        key = one.pid, one.ticks
        process = AgentProcess(*key, self._tell, ask_parent)
        if key in self._unclaimed:
            process.told(self._unclaimed.pop(key))
        else:
            self._processes[key] = process
        return process

    @contextlib.contextmanager
    def output(self, path: str, location: str = "") -> Iterator[int]:
        """The file is ours and out of the container's sight; it gets a descriptor that can only append to it."""
        reads, writes = os.pipe()
        try:
            file = open_log(path)
            try:
                self._tell({"op": "output", "label": self._label(location)}, (reads, file))
            finally:
                os.close(file)
                os.close(reads)
            yield writes
        finally:
            os.close(writes)

    async def share(self, socket_path: str) -> None:
        with contextlib.suppress(OSError):  # gone: its process tells
            await self._agent().ask({"op": "share", "path": socket_path})

    async def memory(self, pid: int) -> MemorySample | None:
        text = await self._value(str, "memory", pid)
        try:
            return None if text is None else parse_rollup(text)
        except ValueError:  # what a container says
            return None

    async def resident_bytes(self, pid: int) -> int:
        return await self._value(int, "resident", pid) or 0

    async def cpu_seconds(self, pid: int) -> float | None:
        return await self._value(float, "cpu", pid)

    async def ports(self, pid: int) -> tuple[int, ...]:
        return await self._value(tuple[int, ...], "ports", pid) or ()

    async def interpreter(self, name: str) -> str:
        """The path of the Python of that name there; "" where there is none."""
        return await self._value(str, "interpreter", name) or ""

    async def own_names(self, folders: Sequence[str]) -> frozenset[str]:
        """The top-level modules that lie in these folders, or on PYTHONPATH."""
        return await self._value(frozenset[str], "own_names", list(folders)) or frozenset()

    async def _value(self, kind: type[_Value], op: str, *of: object) -> _Value | None:
        try:
            return await self._agent().value(kind, op, *of)
        except OSError:
            return None

    async def end_leftovers(self, leader: int) -> None:
        found = await self._value(dict[int, str], "session", leader) or {}
        session = {pid: command.encode("latin-1", "replace") for pid, command in found.items()}
        session.pop(leader, None)
        if pids := to_end(session):
            self._tell({"op": "kill", "pids": pids})

    def note(self, process: Process, child: Child, log_path: str) -> None:
        note = dataclasses.asdict(child)
        self._tell({"op": "note", "pid": process.pid, "ticks": process.start_ticks, "note": note})

    async def forget(self, child: Child) -> None:
        """The agent forgets what has ended."""

    async def noted(self) -> list[tuple[Child, str, Process]]:
        """What an earlier host has left unsaid is ended: it died while it started that."""
        found: list[tuple[Child, str, Process]] = []
        left, self._left = self._left, []
        for one in left:
            process = self._known(one)
            child = _child(one)
            log_path = self._known_log(child) if child is not None else None
            if child is None or log_path is None:
                process.kill_group()
            else:
                found.append((child, log_path, process))
        return found

    def why_not(self, python: str, cwd: str, error: OSError) -> str:
        if isinstance(error, AgentGone):
            return str(error)
        where = f"in container {self._container!r}"
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            what = "working directory" if error.filename == cwd else "interpreter"
            return f"{what} {error.filename!r} does not exist {where}"
        return f"interpreter {python!r} cannot be started {where}: {fault(error)}"


def _child(one: Noted) -> Child | None:
    try:
        return msgspec.convert({**(one.note or {}), "pid": one.pid, "start_ticks": one.ticks}, Child)
    except msgspec.ValidationError:
        return None
