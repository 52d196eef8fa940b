"""Where processes are: what the hosting asks of it. `ThisMachine` is the one that the hosting itself runs on; a
container with an agent in it is another (`packs.agent_machine`)."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from reef.hosting import launch, leftovers, memory, records
from reef.hosting.contract import Child, MemorySample
from reef.hosting.local_process import LocalProcess
from reef.hosting.orphans import Orphans, become_subreaper
from reef.words import fault

AskParent = Callable[[int], Awaitable[int | None]]


class Process(Protocol):
    """A living process. `status` is set once it is dead: a wait status, or None where nobody could tell."""

    pid: int
    start_ticks: int
    status: int | None

    @property
    def is_dead(self) -> bool: ...
    def has_ended(self) -> bool:
        """Whether it is dead by now, even if nobody has been told yet."""
        ...

    async def dead(self) -> int | None:
        """Waits for the end; its status. All that it has printed before is in its log then."""
        ...

    def signal(self, number: int) -> None:
        """Never another process that came to have the same pid."""
        ...

    def kill_group(self) -> None:
        """The process and whatever it left in its group."""
        ...

    def abandon(self) -> None:
        """Stop watching a process that shall live on."""
        ...


@dataclass(frozen=True)
class Variables:
    """The environment of a process that is started. Where its machine has variables of its own, `given` is added to
    those; `without` are names that it must not have, `defaults` count where nothing else says a value."""

    given: Mapping[str, str]
    defaults: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()


class Machine(Protocol):
    """Methods that start something raise OSError, `filename` being what could not be used."""

    @property
    def records(self) -> str:
        """The folder in which children record themselves; "" where `note` is enough."""
        ...

    @property
    def environ_of(self) -> int:
        """The process whose variables a child has beside those it is given; 0 where it is given all."""
        ...

    def tend(self, is_watched: Callable[[int], bool]) -> Coroutine[Any, Any, None]:
        """What must go on for as long as there may be processes."""
        ...

    async def start(self, command: Sequence[str], env: Variables, cwd: str, log: int) -> Process:
        """In a session of its own."""
        ...

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
        """Our code in an interpreter there, which gets `passed`."""
        ...

    async def process(self, pid: int, ask_parent: AskParent | None = None) -> Process | None:
        """One that another process has made; None where it is gone. `ask_parent` knows its status, where we cannot."""
        ...

    def output(self, path: str, location: str = "") -> contextlib.AbstractContextManager[int]:
        """A descriptor for what a process prints; it is appended to the file at `path`."""
        ...

    async def share(self, socket_path: str) -> None:
        """See that the hosting can connect to a socket of one of its processes."""
        ...

    async def memory(self, pid: int) -> MemorySample | None: ...
    async def resident_bytes(self, pid: int) -> int:
        """0 for a process that is gone."""
        ...

    async def end_leftovers(self, leader: int) -> None:
        """End what the dead leader of a session has left, as `leftovers` says."""
        ...

    def note(self, process: Process, child: Child, log_path: str) -> None:
        """Remember for the next hosting what this process is."""
        ...

    async def forget(self, child: Child) -> None: ...
    async def noted(self) -> list[tuple[Child, str, Process]]:
        """Living children of an earlier hosting, and their log files."""
        ...

    def why_not(self, python: str, cwd: str, error: OSError) -> str:
        """For people, why an interpreter could not be started."""
        ...


class ThisMachine:
    """`folder` is where children record themselves, if they shall."""

    environ_of = 0

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.records = "" if folder is None else str(folder)

    def tend(self, is_watched: Callable[[int], bool]) -> Coroutine[Any, Any, None]:
        become_subreaper()
        return Orphans(is_watched).run()

    async def start(self, command: Sequence[str], env: Variables, cwd: str, log: int) -> Process:
        return (await launch.start(command, env=_complete(env), cwd=cwd, log=log)).process

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
        command = launch.guest_command(python, mode, passed.fileno(), flags)
        return (
            await launch.start(command, env=_complete(env), cwd=cwd, log=log, passed=(passed.fileno(),))
        ).process

    async def process(self, pid: int, ask_parent: AskParent | None = None) -> Process | None:
        return LocalProcess.of(pid, ask_parent)

    @contextlib.contextmanager
    def output(self, path: str, location: str = "") -> Iterator[int]:
        fd = launch.open_log(path)
        try:
            yield fd
        finally:
            os.close(fd)

    async def share(self, socket_path: str) -> None:
        return

    async def memory(self, pid: int) -> MemorySample | None:
        return await asyncio.to_thread(memory.sample, pid)

    async def resident_bytes(self, pid: int) -> int:
        return memory.resident_bytes(pid)

    async def end_leftovers(self, leader: int) -> None:
        await asyncio.to_thread(leftovers.end, leader)

    def note(self, process: Process, child: Child, log_path: str) -> None:
        """Children do that themselves: they may have to be found when the hosting died while it started them."""

    async def forget(self, child: Child) -> None:
        if self._folder is not None:
            await asyncio.to_thread(records.forget, self._folder, child)

    async def noted(self) -> list[tuple[Child, str, Process]]:
        if self._folder is None:
            return []
        found = await asyncio.to_thread(records.read_all, self._folder)
        processes = [LocalProcess.of(child.pid, ticks=child.start_ticks) for child, _log in found]
        return [(*one, there) for one, there in zip(found, processes, strict=True) if there is not None]

    def why_not(self, python: str, cwd: str, error: OSError) -> str:
        if not os.path.exists(python):
            return f"interpreter {python!r} does not exist"
        if not os.path.isdir(cwd):
            return f"working directory {cwd!r} does not exist"
        return f"interpreter {python!r} cannot be started: {fault(error)}"


def _complete(env: Variables) -> dict[str, str]:
    given = {name: value for name, value in env.given.items() if name not in env.without}
    return {**env.defaults, **given}
