"""A process in a container, as its agent tells of it: implements `hosting.machine.Process`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from reef.hosting.machine import AskParent

Tell = Callable[[dict[str, Any]], None]
"""Passes a message to the agent, if it is there."""


class AgentProcess:
    """`status` is None where its agent is gone: with the agent the whole container has ended."""

    def __init__(self, pid: int, ticks: int, tell: Tell, ask_parent: AskParent | None) -> None:
        self.pid = pid
        self.start_ticks = ticks
        self.status: int | None = None
        self._tell = tell
        self._ask_parent = ask_parent
        self._ended = False
        self._dead = asyncio.Event()
        self._settling: asyncio.Task[None] | None = None

    @property
    def is_dead(self) -> bool:
        return self._dead.is_set()

    def has_ended(self) -> bool:
        return self._ended

    async def dead(self) -> int | None:
        await self._dead.wait()
        return self.status

    def signal(self, number: int) -> None:
        if not self._ended:
            self._tell({"op": "signal", "pid": self.pid, "ticks": self.start_ticks, "number": int(number)})

    def kill_group(self) -> None:
        self._tell({"op": "kill_group", "pid": self.pid, "ticks": self.start_ticks})

    def abandon(self) -> None:
        """The agent goes on watching it."""

    def told(self, status: int | None) -> None:
        """It has ended. What its agent cannot know its parent is asked for."""
        if self._ended:
            return
        self._ended = True
        self._settling = asyncio.create_task(self._settle(status))

    async def _settle(self, status: int | None) -> None:
        with contextlib.suppress(OSError):
            if status is None and self._ask_parent is not None:
                status = await self._ask_parent(self.pid)
        self.status = status
        self._dead.set()
