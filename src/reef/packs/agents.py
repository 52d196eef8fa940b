"""One connection to the agent of a container."""

from __future__ import annotations

import asyncio
import errno
import itertools
import logging
import marshal
import os
import socket
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from reef.hosting.link import Link
from reef.words import describe

log = logging.getLogger("reef.packs")

PROTOCOL = 1
MARSHAL = 2  # a version that every Python reads
HELLO_TIMEOUT_S = 5.0
ANSWER_TIMEOUT_S = 30.0
_Value = TypeVar("_Value")


class AgentGone(OSError):
    """The agent is not there, or is no longer. The message is for people. `surely`: no process of it listens."""

    surely = False

    @classmethod
    def because(cls, error: OSError) -> AgentGone:
        gone = cls(f"its agent is not there ({os.strerror(error.errno or 0)})")
        gone.surely = error.errno in (errno.ENOENT, errno.ECONNREFUSED)
        return gone


@dataclass(frozen=True)
class Ended:
    """A process of the container has ended."""

    pid: int
    ticks: int
    status: int | None


@dataclass(frozen=True)
class Noted:
    """A process that an agent watches; `note` is what an earlier host said of it."""

    pid: int
    ticks: int
    note: dict[str, Any] | None = None


@dataclass(frozen=True)
class ContainerFacts:
    """What an agent says of its container. `started` names this start of it; `dagster_python` is the interpreter that
    has Dagster, "" where none was found."""

    started: str
    python_version: str
    dagster_python: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    cwd: str
    env_names: tuple[str, ...]


@dataclass(frozen=True)
class Hello(ContainerFacts):
    """What an agent says first. `guest` is the folder of the guest's code."""

    pid: int
    guest: str
    children: tuple[Noted, ...]
    ended: tuple[Ended, ...]  # while nobody was connected


OnExit = Callable[[Ended], None]


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
        except ValueError as nonsense:
            link.close()
            raise AgentGone(f"its agent is not understood: {describe(nonsense)}") from None
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
        if isinstance(code := said.get("errno"), int):
            raise OSError(code, str(said.get("what")), said.get("name"))
        return said

    async def process(self, message: Mapping[str, Any], fds: Sequence[int] = ()) -> Noted:
        """The process that was asked for. Raises OSError."""
        try:
            return msgspec.convert(await self.ask(message, fds), Noted)
        except msgspec.ValidationError as nonsense:
            raise AgentGone(f"its agent is not understood: {describe(nonsense)}") from None

    async def value(self, kind: type[_Value], op: str, *of: object) -> _Value | None:
        """None where it has none, or none of that kind. Raises OSError."""
        said = (await self.ask({"op": op, "of": of})).get("value")
        try:
            return None if said is None else msgspec.convert(said, kind)
        except msgspec.ValidationError:
            return None

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
        try:
            while (message := await self._link.receive()) is not None:
                self._heard(message)
        except ValueError as nonsense:
            log.warning("an agent is not understood: %s", describe(nonsense))
        finally:
            self._over()

    def _heard(self, message: object) -> None:
        """Raises ValueError where it is no message of an agent: its container may have said it."""
        message = msgspec.convert(message, dict[str, Any])
        if message.get("event") == "exit":
            self._on_exit(msgspec.convert(message, Ended))
            return
        answer = self._answers.get(msgspec.convert(message.get("id"), int))
        if answer is not None and not answer.done():
            answer.set_result(message)

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


def _hello(said: object) -> Hello:
    """Raises ValueError where it is none, and AgentGone."""
    said = msgspec.convert(said, dict[str, Any])
    if said.get("protocol") != PROTOCOL:
        raise AgentGone(
            f"its agent speaks protocol {said.get('protocol')!r}, not {PROTOCOL}: make the pod anew"
        )
    return msgspec.convert(said, Hello)


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)
