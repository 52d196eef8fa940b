"""One call while it is under way: its deadline, and what the observer is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import Any, TypeVar

import grpc
import grpc.aio

from reef.gateway.contract import CallEnded, CallStarted, FailedTick, Observer
from reef.gateway.status import Ended, Metadata, passed_on
from reef.wire.lanes import Lane, rpc_of

_T = TypeVar("_T")
DEADLINE_LAG_S = 0.1
Context = grpc.aio.ServicerContext[Any, Any]


class Call:
    """`path` is the whole method path, `rpc` its row in the table of lanes, `method` its name there; times are those of
    the event loop."""

    def __init__(self, location: str, path: str, context: Context, observer: Observer) -> None:
        self.location = location
        self.path = path
        self.rpc = rpc_of(path)
        self.method = self.rpc.name
        self.context = context
        self.run_id: str | None = None
        self.error: str | None = None
        self.server = ""
        self.version: str | None = None
        self.failed_tick: FailedTick | None = None
        self._observer = observer
        self.lane: Lane | None = None
        self._started = time.monotonic()
        remaining = context.time_remaining()
        self._deadline = None if remaining is None else self._started + remaining

    def enter(self, lane: Lane) -> None:
        """The lane is decided; told once."""
        if self.lane is None:
            self.lane = lane
            self._observer(CallStarted(self.location, self.method, lane))

    def remaining_s(self) -> float | None:
        """Until the caller's own deadline; None where it has none. Raises Ended where it is over."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise self.too_late()
        return left

    def too_late(self) -> Ended:
        return Ended(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")

    async def within(self, work: Awaitable[_T]) -> _T:
        """Await it no longer than the caller does."""
        try:
            async with asyncio.timeout(self.remaining_s()):
                return await work
        except TimeoutError:
            raise self.too_late() from None

    def metadata(self) -> Metadata:
        return passed_on(self.context.invocation_metadata())

    def ended(self, code: str) -> None:
        lane = self.lane or self.rpc.asleep
        self.enter(lane)
        seconds = time.monotonic() - self._started
        told = (self.error, self.run_id, self.server, self.version, self.failed_tick)
        self._observer(CallEnded(self.location, self.method, lane, seconds, code, *told))

    def cancelled_code(self) -> str:
        """A handler is cancelled when its caller is gone, or has waited long enough."""
        if self._deadline is None:
            return "CANCELLED"
        waited_s, allowed_s = time.monotonic() - self._started, self._deadline - self._started
        return "DEADLINE_EXCEEDED" if waited_out(waited_s, allowed_s) else "CANCELLED"


def waited_out(waited_s: float, allowed_s: float) -> bool:
    """Whether a caller that left was at its deadline, by its own clock: that runs from before the call came here,
    and gRPC rounds what it tells of it up by as much as a hundredth. So its leaving may come before our own timer."""
    return waited_s >= allowed_s - max(DEADLINE_LAG_S, allowed_s / 50)
