"""The gate of shared services: a Deployment is simulated by a real gRPC server that listens while it has pods."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
import pytest

from deadlines import scaled, until_async
from reef.background import Background
from reef.calls_of_services import METHOD
from reef.cluster.errors import Forbidden
from reef.decide.sleeping_services import ServiceView, goes_to_sleep
from reef.services.calls import ServiceCalls
from reef.services.gate import Gate, GateSettings
from reef.services.gated import Gated, GatedService
from reef.services.keeper import Refused

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("view", "sleeps"),
    [
        (ServiceView(0, 100.0, 10.0, awake=True), True),
        (ServiceView(0, 100.0, 10.0, awake=None), True),
        (ServiceView(0, 100.0, 10.0, awake=False), False),
        (ServiceView(0, 101.0, 10.0, awake=True), False),
        (ServiceView(1, 100.0, 10.0, awake=True), False),
        (ServiceView(0, 100.0, 10.0, awake=True, changing=True), False),
    ],
)
def test_who_sleeps(view: ServiceView, sleeps: bool) -> None:
    assert goes_to_sleep(view, 110.0) is sleeps


@dataclass
class Pods:
    """Of one Deployment. `answer` is what a call gets; `fails`: why it cannot be scaled."""

    port: int
    answer: Callable[[bytes], Awaitable[bytes]]
    scaled_to: list[int] = field(default_factory=list)
    fails: str = ""
    _server: grpc.aio.Server | None = None

    async def __call__(self, deployment: str, replicas: int) -> None:
        assert deployment == "postal"
        if self.fails:
            raise Forbidden(self.fails)
        self.scaled_to.append(replicas)
        if self._server is not None and not replicas:
            await self._server.stop(None)
            self._server = None
        if self._server is None and replicas:
            self._server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
            self._server.add_generic_rpc_handlers((ServiceCalls(self),))
            self._server.add_insecure_port(f"127.0.0.1:{self.port}")
            await self._server.start()

    async def call(self, request: bytes, timeout_s: float | None) -> bytes:
        return await self.answer(request)

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.stop(None)


@dataclass
class Clock:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


async def echo(request: bytes) -> bytes:
    return b"re: " + request


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def gated(
    answer: Callable[[bytes], Awaitable[bytes]] = echo, **more: Any
) -> AsyncIterator[tuple[Gated, Pods, Clock]]:
    pods = Pods(free_port(), answer)
    spec = GatedService(
        name="postal",
        deployment="postal",
        target=f"127.0.0.1:{pods.port}",
        port=0,
        idle_timeout_s=600.0,
        start_timeout_s=scaled(20),
        most_calls=2,
        **more,
    )
    background, clock = Background(logging.getLogger("test"), "work", expected=(Refused,)), Clock()
    one = Gated(spec, pods, background, clock)
    try:
        yield one, pods, clock
    finally:
        await background.close()
        await pods.stop()


async def asleep(one: Gated, clock: Clock) -> None:
    clock.at += 601.0
    one.look()
    assert one._sleeping is not None
    await one._sleeping
    clock.at += 10.0


def test_calls_are_held_while_it_wakes_and_it_sleeps_again() -> None:
    async def story() -> None:
        async with gated(fewest=2) as (one, pods, clock):
            await asleep(one, clock)
            assert (one.awake, pods.scaled_to) == (False, [0])
            found = await asyncio.gather(one.call(b"a", scaled(30)), one.call(b"b", scaled(30)))
            assert found == [b"re: a", b"re: b"]
            assert pods.scaled_to == [0, 2]  # once for both
            one.look()
            assert one._sleeping is None
            await asleep(one, clock)
            assert await one.call(b"c", scaled(30)) == b"re: c"
            assert pods.scaled_to == [0, 2, 0, 2]

    asyncio.run(story())


def test_pods_that_are_there_when_it_starts_are_not_scaled() -> None:
    """Their number may be that of a HorizontalPodAutoscaler."""

    async def story() -> None:
        async with gated() as (one, pods, _):
            await pods("postal", 3)
            assert await one.call(b"a", scaled(30)) == b"re: a"
            assert pods.scaled_to == [3]

    asyncio.run(story())


def test_pods_that_somebody_took_away_are_brought_back() -> None:
    async def story() -> None:
        async with gated() as (one, pods, _):
            await one.call(b"a", scaled(30))
            await pods("postal", 0)
            channel = one._channel
            assert channel is not None
            ready = grpc.ChannelConnectivity.READY
            await until_async(lambda: channel.get_state() is not ready, 30, "for the lost connection")
            assert await one.call(b"b", scaled(60)) == b"re: b"
            assert pods.scaled_to == [1, 0, 1]

    asyncio.run(story())


def test_a_call_keeps_it_awake_and_more_than_may_wait_are_turned_away() -> None:
    async def story() -> None:
        go = asyncio.Event()

        async def waits(request: bytes) -> bytes:
            await go.wait()
            return request

        async with gated(waits) as (one, pods, clock):
            calls = [asyncio.create_task(one.call(b"a", None)) for _ in range(2)]
            while one.calls < 2:
                await asyncio.sleep(0)
            with pytest.raises(Refused) as refused:
                await one.call(b"c", 1.0)
            assert refused.value.code is grpc.StatusCode.RESOURCE_EXHAUSTED
            clock.at += 10_000.0
            one.look()
            assert one._sleeping is None
            go.set()
            assert await asyncio.gather(*calls) == [b"a", b"a"]
            assert 0 not in pods.scaled_to

    asyncio.run(story())


def test_who_waits_is_told_why_nothing_comes() -> None:
    async def story() -> None:
        async with gated() as (one, pods, clock):
            await asleep(one, clock)
            pods.fails = "deployments/scale is forbidden"
            with pytest.raises(Refused, match="deployments/scale is forbidden"):
                await one.call(b"a", scaled(30))
            pods.fails = ""
            assert await one.call(b"a", scaled(30)) == b"re: a"

    asyncio.run(story())


def test_the_gate_listens_for_each_service() -> None:
    async def story() -> None:
        pods = Pods(free_port(), echo)
        port = free_port()
        spec = GatedService(
            name="postal",
            deployment="postal",
            target=f"127.0.0.1:{pods.port}",
            port=port,
            idle_timeout_s=600.0,
            start_timeout_s=scaled(20),
            most_calls=2,
        )
        gate = Gate(GateSettings((spec,)), pods, "127.0.0.1")
        await gate.open()
        try:
            async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
                assert await channel.unary_unary(METHOD)(b"a", timeout=scaled(30)) == b"re: a"
            assert pods.scaled_to == [1]
        finally:
            await gate.close()
            await pods.stop()

    asyncio.run(story())
