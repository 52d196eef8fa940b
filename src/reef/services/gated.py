"""One shared service on a cluster: its calls are held while its Deployment is scaled up, and it is scaled to 0 when
nobody calls it any more."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import grpc
import grpc.aio
import msgspec

from reef.background import Background
from reef.calls_of_services import METHOD, SIZES
from reef.cluster.errors import ClusterError
from reef.decide.sleeping_services import ServiceView, goes_to_sleep
from reef.services.keeper import Refused
from reef.words import describe

log = logging.getLogger("reef.services")

KNOCK_S = 2.0  # for pods that may be there
GOING_S = 3.0  # so long a pod that is to end may still take connections
AGAIN_S = 10.0
_OPTIONS = (
    *SIZES,
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.min_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
)


class GatedService(msgspec.Struct, frozen=True, kw_only=True):
    """`target`: HOST:PORT of its pods; `port`: where its callers are listened for; `most_calls`: those that may be
    under way or wait; `fewest`: pods that it is woken to."""

    name: str
    deployment: str
    target: str
    port: int
    idle_timeout_s: float
    start_timeout_s: float
    most_calls: int
    fewest: int = 1


class Scale(Protocol):
    """Sets the number of a Deployment's pods. Raises ClusterError."""

    async def __call__(self, deployment: str, replicas: int) -> None: ...


@dataclass
class Gated:
    """All methods on the event loop."""

    spec: GatedService
    scale: Scale
    background: Background
    clock: Callable[[], float] = time.monotonic
    calls: int = 0
    awake: bool | None = None
    _channel: grpc.aio.Channel | None = None
    _waking: asyncio.Task[None] | None = None
    _sleeping: asyncio.Task[None] | None = None
    _used_at: float = 0.0
    _slept_at: float = -GOING_S

    def __post_init__(self) -> None:
        self._used_at = self.clock()

    async def call(self, request: bytes, timeout_s: float | None) -> bytes:
        """Raises Refused. Nothing is sent twice."""
        if self.calls >= self.spec.most_calls:
            said = f"{self.calls} calls are under way or waiting, which is the most; try again"
            raise Refused(grpc.StatusCode.RESOURCE_EXHAUSTED, said)
        self.calls += 1
        began = self.clock()
        try:
            channel = await asyncio.wait_for(self._reached(), timeout_s)
            left_s = None if timeout_s is None else max(0.0, timeout_s - (self.clock() - began))
            reply: bytes = await channel.unary_unary(METHOD, None, None)(request, timeout=left_s)
            return reply
        except TimeoutError:
            raise Refused(grpc.StatusCode.DEADLINE_EXCEEDED, "no pod of it answered in time") from None
        except grpc.aio.AioRpcError as error:
            raise Refused(error.code(), error.details() or "") from None
        finally:
            self.calls -= 1
            self._used_at = self.clock()

    def look(self) -> None:
        """To be called now and then."""
        changing = self._waking is not None or self._sleeping is not None
        view = ServiceView(self.calls, self._used_at, self.spec.idle_timeout_s, self.awake, changing)
        if goes_to_sleep(view, self.clock()):
            self._sleeping = self.background.spawn(self._sleep())

    async def _reached(self) -> grpc.aio.Channel:
        """A connection to a pod; whoever else waits for one waits for the same."""
        channel = self._channel if self.awake else None
        if channel is not None and _is_ready(channel):
            return channel
        if self._sleeping is not None:
            await asyncio.shield(self._sleeping)
        if self._waking is None:
            self._waking = self.background.spawn(self._wake())
        await asyncio.shield(self._waking)
        assert self._channel is not None
        return self._channel

    async def _wake(self) -> None:
        """Raises Refused."""
        try:
            await asyncio.sleep(max(0.0, self._slept_at + GOING_S - self.clock()))
            if self._channel is None:
                self._channel = grpc.aio.insecure_channel(self.spec.target, options=_OPTIONS)
            if self.awake is not False and await self._connected(self._channel, KNOCK_S):
                self.awake = True
                return
            await self.scale(self.spec.deployment, self.spec.fewest)
            log.info("service %s: woken", self.spec.name)
            self.awake = None
            if not await self._connected(self._channel, self.spec.start_timeout_s):
                said = f"no pod of {self.spec.deployment} answered within {self.spec.start_timeout_s:g} s"
                raise Refused(grpc.StatusCode.UNAVAILABLE, said)
            self.awake = True
        except ClusterError as error:
            said = f"{self.spec.deployment} could not be scaled up: {describe(error)}"
            raise Refused(grpc.StatusCode.UNAVAILABLE, said) from None
        finally:
            self._waking = None

    async def _connected(self, channel: grpc.aio.Channel, seconds: float) -> bool:
        channel.get_state(try_to_connect=True)
        try:
            await asyncio.wait_for(channel.channel_ready(), seconds)
        except TimeoutError:
            return False
        return True

    async def _sleep(self) -> None:
        """Calls that come meanwhile wait, and wake it again: none of them meets a pod that ends."""
        try:
            await self.scale(self.spec.deployment, 0)
            self.awake = False
            log.info("service %s: asleep", self.spec.name)
        except ClusterError as error:
            self._used_at = self.clock() - self.spec.idle_timeout_s + AGAIN_S
            log.warning("service %s could not be put to sleep: %s", self.spec.name, describe(error))
        finally:
            self._slept_at = self.clock()
            await self._disconnect()
            self._sleeping = None

    async def _disconnect(self) -> None:
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close(None)


def _is_ready(channel: grpc.aio.Channel) -> bool:
    return channel.get_state(try_to_connect=True) is grpc.ChannelConnectivity.READY
