"""How many calls of one location may be under way at once, and how many may wait; its flood is its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import grpc

from reef.gateway.call import Call
from reef.gateway.status import Ended


@dataclass(frozen=True)
class CallLimits:
    """Of calls that are forwarded: `concurrent` at once, `queued` more wait, others fail at once."""

    concurrent: int = 16
    queued: int = 256


class Slots:
    """Calls in the order they came."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._free = asyncio.Semaphore(limits.concurrent)
        self.in_flight = 0  # queued ones too

    def use(self, limits: CallLimits) -> None:
        """Other limits; calls that hold a slot or wait for one are counted by the earlier ones."""
        self._limits = limits
        self._free = asyncio.Semaphore(limits.concurrent)

    @asynccontextmanager
    async def one(self, call: Call) -> AsyncIterator[None]:
        """Hold a slot; waits within the caller's deadline. Raises Ended where the queue is full."""
        if self.in_flight >= self._limits.concurrent + self._limits.queued:
            raise Ended(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"code location {call.location!r} has {self.in_flight} calls under way or waiting, "
                f"{self._limits.concurrent} run at once and {self._limits.queued} may wait",
            )
        self.in_flight += 1
        try:
            free = self._free
            if free.locked():
                await call.within(free.acquire())
            else:
                await free.acquire()  # free: does not wait
            try:
                yield
            finally:
                free.release()
        finally:
            self.in_flight -= 1
