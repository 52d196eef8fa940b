"""One connection to the agent of a container."""

from __future__ import annotations

import asyncio
import errno
import itertools
import marshal
import os
import socket
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reef.hosting.link import Link

PROTOCOL = 1
MARSHAL = 2  # a version that every Python reads
HELLO_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0

OnExit = Callable[[int, int, int | None], None]
"""(pid, start ticks, status): a process of the container has ended."""


class AgentGone(OSError):
    """The agent is not there, or is no longer. The message is for people. `surely`: no process of it listens."""

    surely = False

    @classmethod
    def because(cls, error: OSError) -> AgentGone:
        gone = cls(f"its agent is not there ({os.strerror(error.errno or 0)})")
        gone.surely = error.errno in (errno.ENOENT, errno.ECONNREFUSED)
        return gone


@dataclass(frozen=True)
class Noted:
    """A process that an agent watches; `note` is what an earlier host said of it."""

    pid: int
    ticks: int
    note: Mapping[str, Any] | None


@dataclass(frozen=True)
class Hello:
    """What an agent says first. `started` is another at each start of it, `guest` the folder of the guest's code."""

    started: str
    pid: int
    guest: str
    python_version: str
    dagster_python: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    cwd: str
    env_names: tuple[str, ...]
    children: tuple[Noted, ...]
    ended: tuple[tuple[int, int, int | None], ...]  # while nobody was connected


class AgentLink:
    """Requests may be made by many at once; they are carried out in the order in which they were made."""

    def __init__(self, link: Link, hello: Hello, on_exit: OnExit) -> None:
        self.hello = hello
        self.gone = asyncio.Event()
        self._link = link
        self._on_exit = on_exit
        self._ids = itertools.count()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._queue: asyncio.Queue[tuple[dict[str, Any], list[int]]] = asyncio.Queue()
        self._tasks = (asyncio.create_task(self._write()), asyncio.create_task(self._read()))

    @classmethod
    async def connect(cls, path: str, on_exit: OnExit) -> AgentLink:
        """Raises AgentGone."""
        try:
            link = Link(_connected(path))
        except OSError as error:
            raise AgentGone.because(error) from None
        try:
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                said = await link.receive()
            if said is None:
                raise AgentGone("its agent ended as soon as it was asked")
            return cls(link, _hello(said), on_exit)
        except TimeoutError:
            link.close()
            raise AgentGone("its agent says nothing") from None
        except BaseException:
            link.close()
            raise

    async def ask(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> dict[str, Any]:
        """The answer. Raises OSError as the agent met it, and AgentGone."""
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        try:
            self.tell({**message, "id": number}, fds)
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                said: dict[str, Any] = await answer
        except TimeoutError:
            raise AgentGone("its agent does not answer") from None
        finally:
            self._answers.pop(number, None)
        if said.get("errno"):
            raise OSError(said["errno"], said["what"], said["name"])
        return said

    async def value(self, op: str, *of: object) -> Any:
        return (await self.ask({"op": op, "of": of}))["value"]

    def tell(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> None:
        """Without an answer; `fds` remain the caller's. Raises AgentGone."""
        if self.gone.is_set():
            raise AgentGone("its agent is gone")
        self._queue.put_nowait(({**message, "fds": len(fds)}, [os.dup(fd) for fd in fds]))

    async def _write(self) -> None:
        try:
            while True:
                message, fds = await self._queue.get()
                try:
                    await self._link.send_body(marshal.dumps(message, MARSHAL), fds)
                finally:
                    _close(fds)
        except OSError:
            self._over()

    async def _read(self) -> None:
        while (message := await self._link.receive()) is not None:
            if message["event"] == "exit":
                self._on_exit(message["pid"], message["ticks"], message["status"])
            elif (answer := self._answers.get(message["id"])) is not None and not answer.done():
                answer.set_result(message)
        self._over()

    def _over(self) -> None:
        self.gone.set()
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(AgentGone("its agent is gone"))
        while not self._queue.empty():
            _close(self._queue.get_nowait()[1])

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._over()
        self._link.close()


def _connected(path: str) -> socket.socket:
    """To the socket at `path` itself: what lies there as a link may lead into the folder of another container."""
    found = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISSOCK(os.fstat(found).st_mode):
            raise OSError(errno.ENOTSOCK, os.strerror(errno.ENOTSOCK))
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.connect(f"/proc/self/fd/{found}")
        except BaseException:
            sock.close()
            raise
        return sock
    finally:
        os.close(found)


def _hello(said: Mapping[str, Any]) -> Hello:
    if said.get("protocol") != PROTOCOL:
        raise AgentGone(
            f"its agent speaks protocol {said.get('protocol')!r}, not {PROTOCOL}: make the pod anew"
        )
    return Hello(
        started=said["start"],
        pid=said["pid"],
        guest=said["guest"],
        python_version=said["python_version"],
        dagster_python=said["dagster_python"],
        uid=said["uid"],
        gid=said["gid"],
        groups=tuple(said["groups"]),
        cwd=said["cwd"],
        env_names=tuple(said["env_names"]),
        children=tuple(Noted(one["pid"], one["ticks"], one["note"]) for one in said["children"]),
        ended=tuple((one["pid"], one["ticks"], one["status"]) for one in said["ended"]),
    )


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
