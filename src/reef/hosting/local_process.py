"""Processes by pid and start time, watched through pidfds on the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import signal
from collections.abc import Awaitable, Callable

from reef.procfs import start_ticks

AskParent = Callable[[int], Awaitable[int | None]]


class LocalProcess:
    """Implements `machine.Process` for a process of the machine that we run on."""

    def __init__(self, pid: int, ticks: int, pidfd: int, ask_parent: AskParent | None) -> None:
        self.pid = pid
        self.start_ticks = ticks
        self.status: int | None = None
        self._pidfd = pidfd
        self._ask_parent = ask_parent
        self._readable = asyncio.Event()
        self._dead = asyncio.Event()
        asyncio.get_running_loop().add_reader(pidfd, self._on_readable)
        self._watch = asyncio.create_task(self._until_reaped())

    @classmethod
    def of(
        cls, pid: int, ask_parent: AskParent | None = None, ticks: int | None = None
    ) -> LocalProcess | None:
        """None where the process is gone, or is another one than the one that started at `ticks`."""
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            return None
        found = start_ticks(pid)
        if ticks is not None and found != ticks:
            os.close(pidfd)
            return None
        return cls(pid, found or 0, pidfd, ask_parent)

    @property
    def is_dead(self) -> bool:
        return self._dead.is_set()

    def has_ended(self) -> bool:
        if self._readable.is_set():
            return True
        poll = select.poll()
        poll.register(self._pidfd, select.POLLIN)
        return bool(poll.poll(0))

    async def dead(self) -> int | None:
        await self._dead.wait()
        return self.status

    def signal(self, number: int) -> None:
        if not self._dead.is_set():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, number)

    def kill_group(self) -> None:
        self.signal(signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.killpg(self.pid, signal.SIGKILL)

    def _on_readable(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._readable.set()

    async def _until_reaped(self) -> None:
        try:
            await self._readable.wait()
        except asyncio.CancelledError:
            self._give_up()
            raise
        try:
            self.status = await self._reap()
        finally:
            os.close(self._pidfd)
            self._dead.set()

    def _give_up(self) -> None:
        """Every task is cancelled, as where a host's start has failed: who waits for this end would wait for ever."""
        if not self._readable.is_set():
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._readable.set()
            self._dead.set()

    async def _reap(self) -> int | None:
        try:
            return self._waited()
        except ChildProcessError:
            if self._ask_parent is None:
                return None
        status = await self._ask_parent(self.pid)
        if status is None:
            with contextlib.suppress(ChildProcessError):  # its parent died: it has become ours
                return self._waited()
        return status

    def _waited(self) -> int | None:
        result = os.waitid(os.P_PIDFD, self._pidfd, os.WEXITED | os.WNOHANG)
        if result is None:
            return None
        return result.si_status if result.si_code == os.CLD_EXITED else -result.si_status

    def abandon(self) -> None:
        if not self._readable.is_set():
            asyncio.get_running_loop().remove_reader(self._pidfd)
            self._watch.cancel()
            os.close(self._pidfd)
            self._readable.set()
