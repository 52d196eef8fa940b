"""One shared service: asleep until it is called, awake while it is, within its memory."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import grpc
import grpc.aio

from reef.background import Background
from reef.calls_of_services import METHOD, SIZES
from reef.fleet.model import ServiceSpec
from reef.hosting.memory import resident_bytes, sample
from reef.services.process import ServiceProcess, StartFailed, started
from reef.words import describe

log = logging.getLogger("reef.services")

State = Literal["asleep", "waking", "warm", "failed", "elsewhere"]
LOOK_S, SAMPLED_S = 0.25, 5.0
STOP_WITHIN_S = 6.0
GONE_WITHIN_S = 2.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


class Refused(Exception):
    """Why a call is not passed on."""

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass
class Keeper:
    """Takes calls, and owns the process that answers them. `folder`: where its socket is, private to the
    user."""

    spec: ServiceSpec
    environ: Mapping[str, str]
    folder: str
    log_file: str
    background: Background
    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    error: str = ""  # why it does not start, or is not reached, now
    last_error: str = ""  # the same, or what ended its process, until there is another
    _running: ServiceProcess | None = None
    _channel: grpc.aio.Channel | None = None
    _waking: asyncio.Task[Any] | None = None
    _used_at: float = 0.0
    _not_before: float = 0.0
    _pause_s: float = FIRST_PAUSE_S
    _private_bytes: int = 0
    _starts: int = 0
    _over: str = field(default="")

    @property
    def state(self) -> State:
        if self._waking is not None:
            return "waking"
        if self._running is not None:
            return "warm"
        if self.error:
            return "failed"
        return "elsewhere" if self.spec.address else "asleep"

    def about(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "state": self.state,
            "calls": self.calls,
            "starts": self._starts,
            "private_bytes": self._private_bytes,
            "error": self.error,
            "last_error": self.last_error,
        }

    async def call(self, request: bytes, timeout_s: float | None) -> bytes:
        """Raises Refused, and what the process ends the call with."""
        if self.calls >= self.spec.at_once + self.spec.waiting:
            said = f"{self.calls} calls are under way or waiting, which is the most; try again"
            raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, said)
        self.calls += 1
        began = self.clock()
        try:
            channel = await asyncio.wait_for(self._awake(), timeout_s)
            left_s = None if timeout_s is None else max(0.0, timeout_s - (self.clock() - began))
            return await self._passed(channel, request, left_s)
        except TimeoutError:
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "its process did not start in time") from None
        finally:
            self.calls -= 1
            self._used_at = self.clock()

    async def _passed(self, channel: grpc.aio.Channel, request: bytes, left_s: float | None) -> bytes:
        running = self._running
        try:
            reply: bytes = await channel.unary_unary(METHOD, None, None)(request, timeout=left_s)
        except asyncio.CancelledError:
            if _is_cancelled():
                raise
            raise await self._ended(running) from None  # the channel was closed before it noticed
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE and not self.spec.address:
                raise await self._ended(running) from None
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                self.error = self.last_error = f"{self.spec.address}: {error.details()}"
            raise Refused(error.code(), error.details() or "") from None
        if self.spec.address:
            self.error = ""
        return reply

    async def _ended(self, running: ServiceProcess | None) -> Refused:
        await self._gone(running)
        self.last_error = f"{self._over or 'its process ended'} during the call"
        return Refused(grpc.StatusCode.ABORTED, self.last_error)

    async def _gone(self, running: ServiceProcess | None) -> None:
        """Its connections close a moment before it is over, and the next call is to find it over."""
        if running is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(running.process.dead()), GONE_WITHIN_S)

    async def _awake(self) -> grpc.aio.Channel:
        if self.spec.address:
            if self._channel is None:
                self._channel = grpc.aio.insecure_channel(self.spec.address, options=SIZES)
            return self._channel
        if self._running is not None and not self._running.process.has_ended() and self._channel is not None:
            return self._channel
        if self._waking is None:
            if self.clock() < self._not_before:
                raise Refused(grpc.StatusCode.UNAVAILABLE, self.error)
            self._waking = self.background.spawn(self._wake())
        channel: grpc.aio.Channel | None = await asyncio.shield(self._waking)
        if channel is None:
            raise Refused(grpc.StatusCode.UNAVAILABLE, self.error)
        return channel

    async def _wake(self) -> grpc.aio.Channel | None:
        """None where it does not start; `error` says why."""
        try:
            await self._clear()
            socket = os.path.join(self.folder, f"{self._starts}.sock")  # the one before may still be ending
            self._starts += 1
            running = await started(self.spec, self.environ, socket, self.log_file)
        except (StartFailed, OSError) as error:
            self._failed(f"{self.spec.name} does not start: {describe(error)}")
            return None
        finally:
            self._waking = None
        self._running, self.error, self._over = running, "", ""
        self._pause_s = FIRST_PAUSE_S
        self._used_at = self.clock()
        self._channel = grpc.aio.insecure_channel(f"unix:{socket}", options=SIZES)
        self.background.spawn(self._watch(running))
        log.info("service %s: awake, pid %d", self.spec.name, running.process.pid)
        return self._channel

    def _failed(self, why: str) -> None:
        self.error = self.last_error = why
        self._not_before = self.clock() + self._pause_s
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        log.error("service %s", why)

    async def _watch(self, running: ServiceProcess) -> None:
        """Until it sleeps, is over its memory, or has ended."""
        looked_at = -SAMPLED_S
        while not running.process.has_ended():
            await asyncio.sleep(LOOK_S)
            if self._may_be_over(running.process.pid) or self.clock() - looked_at >= SAMPLED_S:
                found = await asyncio.to_thread(sample, running.process.pid)
                self._private_bytes, looked_at = (found.private if found else 0), self.clock()
            limit = self.spec.memory_limit_bytes
            if limit is not None and self._private_bytes > limit:
                self._over = f"its process took more than its {limit:,} bytes of memory"
                log.error("service %s: %s", self.spec.name, self._over)
                running.kill()
                break
            if not self.calls and self.clock() - self._used_at > self.spec.idle_timeout_s:
                log.info("service %s: asleep", self.spec.name)
                break
        if self._running is running:
            await self._clear()

    def _may_be_over(self, pid: int) -> bool:
        """What is resident costs microseconds to read, what is private milliseconds."""
        limit = self.spec.memory_limit_bytes
        return limit is not None and resident_bytes(pid) > limit

    async def _clear(self) -> None:
        running, channel = self._running, self._channel
        self._running = self._channel = None
        self._private_bytes = 0
        if running is not None:
            await running.stop(STOP_WITHIN_S)
        if channel is not None:
            await channel.close(None)

    async def drained(self) -> None:
        """Waits until no call is under way, for one to which no more are passed."""
        while self.calls:
            await asyncio.sleep(LOOK_S)

    def kill(self) -> None:
        if self._running is not None:
            self._running.kill()

    async def close(self) -> None:
        if self._waking is not None:
            self._waking.cancel()
            await asyncio.gather(self._waking, return_exceptions=True)
        await self._clear()


def _is_cancelled() -> bool:
    """Whether it is this task that somebody gave up, rather than the call that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
