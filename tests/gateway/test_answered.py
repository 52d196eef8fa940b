"""What the gateway answers itself, whoever sleeps."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import grpc
import grpc.aio
import pytest
from dagster._grpc.types import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CancelExecutionRequest,
    CancelExecutionResult,
    GetCurrentRunsResult,
    ShutdownServerResult,
)
from dagster._serdes import deserialize_value
from fronting import LOCATION, FakeControl, fronted, until
from grpc_health.v1 import health_pb2, health_pb2_grpc

from deadlines import scaled
from reef.gateway import Board, Gateway, ListenAddress
from reef.gateway.contract import Served
from reef.snapshots import SnapshotStore
from reef.wire import messages
from reef.wire.client import RawClient, open_channel
from reef.wire.lanes import RPCS


def test_polls_wake_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(None, "reef-7")
            assert await front.ask(lambda client: client.get_server_id()) == "reef-7"
            pong = await front.ask(lambda client: client.ping("häj"))
            assert pong == {"echo": "häj", "serialized_server_utilization_metrics": ""}
            assert await front.ask(lambda client: client.heartbeat("h")) == "h"
            echoes = await front.ask(lambda client: list(client.streaming_ping(3, "e")))
            assert echoes == [{"sequence_number": number, "echo": "e"} for number in range(3)]
            assert await front.ask(lambda client: client.health_check_query()) == "SERVING"
        assert control.wakes == 0
        assert front.lanes("GetServerId") == front.lanes("StreamingPing") == {"answered"}
        assert front.ended("GetServerId").code == "OK"
        assert front.ended("GetServerId").location == LOCATION

    asyncio.run(main())


def test_asleep_means_no_runs(tmp_path: Path) -> None:
    async def main() -> None:
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(None)
            runs = await front.ask(lambda client: client.get_current_runs())
            assert deserialize_value(runs, GetCurrentRunsResult).current_runs == []
            request = CanCancelExecutionRequest(run_id="r")
            can = await front.ask(lambda client: client.can_cancel_execution(request))
            assert deserialize_value(can, CanCancelExecutionResult).can_cancel is False
            cancel = await front.ask(
                lambda client: client.cancel_execution(CancelExecutionRequest(run_id="r"))
            )
            assert deserialize_value(cancel, CancelExecutionResult).success is False
        assert control.wakes == 0
        for name in ("GetCurrentRuns", "CanCancelExecution", "CancelExecution"):
            assert front.lanes(name) == {"answered"}

    asyncio.run(main())


def test_shutdown_is_a_wish(tmp_path: Path) -> None:
    async def main() -> None:
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            result = await front.ask(lambda client: client.shutdown_server())
            assert deserialize_value(result, ShutdownServerResult).success
            assert control.wishes == 1
            assert await front.ask(lambda client: client.ping("still here"))

    asyncio.run(main())


def test_health_of_services_and_watch(tmp_path: Path) -> None:
    async def main() -> None:
        async with (
            fronted(tmp_path, FakeControl()) as front,
            grpc.aio.insecure_channel(front.target) as channel,
        ):
            stub = health_pb2_grpc.HealthStub(channel)
            for service in ("", "DagsterApi"):
                reply = await stub.Check(health_pb2.HealthCheckRequest(service=service))
                assert reply.status == health_pb2.HealthCheckResponse.SERVING
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await stub.Check(health_pb2.HealthCheckRequest(service="other"))
            assert error.value.code() is grpc.StatusCode.NOT_FOUND
            watch = stub.Watch(health_pb2.HealthCheckRequest(service="DagsterApi"))
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
            watch.cancel()
            await until(lambda: any(event.method == "Watch" for event in front.events[1:]))

    asyncio.run(main())


def test_calls_wait_until_the_location_was_first_loaded(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            waiting = asyncio.create_task(front.raw("GetServerId"))
            late = asyncio.create_task(front.raw("GetServerId", timeout_s=scaled(0.2)))
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await late
            assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert not waiting.done()
            front.serve(None, "reef-1")
            assert b"reef-1" in await waiting

    asyncio.run(main())


def test_malformed_requests_are_the_callers_fault(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            front.board.serve(LOCATION, Served("i", "0" * 64))
            for method in ("Ping", "ExternalRepository", "CancelExecution"):
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await front.raw(method, b"\xff")
                assert error.value.code() is grpc.StatusCode.INTERNAL
                assert error.value.details() == "Exception deserializing request!"

    asyncio.run(main())


def test_every_rpc_takes_the_lane_of_the_table_when_asleep(tmp_path: Path) -> None:
    """With a wake that is refused at once, and a load error that answers all reading calls."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(woken=RuntimeError("no wake here"))) as front:
            front.board.serve(LOCATION, Served("i", None, load_error="{}"))
            for path, rpc in RPCS.items():
                if rpc.name in ("Watch", "CancelExecution", "CanCancelExecution"):
                    continue
                await call_anyhow(front.target, path, rpc.streams)
                assert front.lanes(rpc.name) == {rpc.asleep}, rpc

    asyncio.run(main())


async def call_anyhow(target: str, path: str, streams: bool) -> None:
    channel = open_channel(target)
    with contextlib.suppress(grpc.aio.AioRpcError):
        if streams:
            async for _ in channel.unary_stream(path, None, None)(b"", timeout=scaled(20)):
                pass
        else:
            await channel.unary_unary(path, None, None)(b"", timeout=scaled(20))
    await channel.close(None)


def test_an_observer_that_fails_fails_no_call(tmp_path: Path) -> None:
    async def main() -> None:
        def broken(_event: object) -> None:
            raise RuntimeError("observer")

        board, control = Board(SnapshotStore(tmp_path / "s", 1 << 20)), FakeControl()
        gateway = Gateway(board, control, control, broken)
        try:
            await gateway.open("x", ListenAddress(socket=str(tmp_path / "x.sock")))
            async with RawClient(f"unix:{tmp_path}/x.sock") as client:
                assert (
                    await client.call("Ping", messages.text_reply("e"), timeout_s=scaled(20)) == b"\x0a\x01e"
                )
        finally:
            await gateway.aclose(0.0)

    asyncio.run(main())
