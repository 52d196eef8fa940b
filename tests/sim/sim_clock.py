"""SIMULATED: an event loop whose time passes only when nothing else is left to do, and without threads.

While a simulation runs, `time.monotonic` and `time.time` are those of its clock, so whoever reads a clock reads this
one. `time.time_ns` stays real: it is compared with what the file system writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar
from unittest import mock

from reef import thrift

T = TypeVar("T")
LOOK_S = 1e-6  # that each look at the clock takes: no two looks see the same time, as with a real one
MOST_S = 14 * 86_400.0  # a simulation that goes on for longer waits for what never comes


class Stuck(Exception):
    """Nothing will ever happen any more, and somebody still waits."""


class Clock:
    """Begins where the real clocks stand, and then goes only when it is told."""

    def __init__(self) -> None:
        self._now = self._began = time.monotonic()
        self._wall = time.time() - self._now

    def monotonic(self) -> float:
        self._now += LOOK_S
        return self._now

    def time(self) -> float:
        return self._wall + self._now

    def jump(self, seconds: float) -> None:
        self._now += seconds
        if self._now - self._began > MOST_S:
            raise Stuck(f"after {MOST_S / 86_400:.0f} simulated days something is still waited for")


class _Jumping(selectors.DefaultSelector):
    """Where the loop would wait, it first tells those who wait for just that, and else moves the clock on."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.settling: list[asyncio.Future[None]] = []

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if waiting := [one for one in self.settling if not one.done()]:
            self.settling = []
            for one in waiting:
                one.set_result(None)
        elif timeout is None:
            raise Stuck("nothing will ever happen any more")
        else:
            self._clock.jump(timeout)
        return []


class SimLoop(asyncio.SelectorEventLoop):
    """Work for threads is done in turn with everything else. `before_work` is called before each piece of it, and
    may raise what then happens instead (CancelledError: nothing, ever)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jumping = _Jumping(clock)
        self.before_work: Callable[[], None] = lambda: None
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._clock.monotonic()

    def run_in_executor(self, _executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        future: asyncio.Future[T] = self.create_future()
        self.call_soon(self._work, future, func, args)
        return future

    def _work(self, future: asyncio.Future[Any], func: Callable[..., Any], args: tuple[Any, ...]) -> None:
        if future.cancelled():
            return
        try:
            self.before_work()
            result = func(*args)
        except asyncio.CancelledError:
            future.cancel()
            return
        except Exception as error:
            if not future.done():
                future.set_exception(error)
            return
        if not future.done():
            future.set_result(result)

    async def settle(self) -> None:
        """Returns when nothing is left that could go on without time."""
        settled: asyncio.Future[None] = self.create_future()
        self._jumping.settling.append(settled)
        await settled


def loop_now() -> SimLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, SimLoop)
    return loop


@contextlib.contextmanager
def read_by_all(clock: Clock) -> Iterator[None]:
    """The clock is everybody's. No simulated machine loses its power, so nothing waits for a disk to be safe; and
    what many simulated hosts do to give memory back would be done to the one process that they share."""
    with contextlib.ExitStack() as patched:
        patched.enter_context(mock.patch.object(time, "monotonic", clock.monotonic))
        patched.enter_context(mock.patch.object(time, "time", clock.time))
        patched.enter_context(mock.patch.object(os, "fsync", return_value=None))
        patched.enter_context(
            mock.patch.multiple(
                thrift, gc=mock.DEFAULT, text=mock.DEFAULT, holes=mock.DEFAULT, pools=mock.DEFAULT
            )
        )
        yield


def simulate(work: Coroutine[Any, Any, T]) -> T:
    """As asyncio.run, in simulated time."""
    clock = Clock()
    with read_by_all(clock), asyncio.Runner(loop_factory=lambda: SimLoop(clock)) as runner:
        return runner.run(work)
