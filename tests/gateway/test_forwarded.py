"""Calls that need user code: held while the location wakes, passed on untouched, once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from code_servers import SMALL, CodeServer, code_server
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.external_data import PartitionNamesSnap, SensorExecutionErrorSnap
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import PartitionNamesArgs, SensorExecutionArgs
from dagster._serdes import deserialize_value, serialize_value
from fronting import (
    LOCATION,
    NOT_NOW,
    REPOSITORY,
    SERVERS,
    FakeControl,
    endpoint,
    fake_server,
    fronted,
    until,
)

from deadlines import scaled
from reef.gateway import CallLimits
from reef.gateway.call import waited_out
from reef.gateway.contract import CallStarted
from reef.gateway.forward import NEVER_SENT
from reef.wire import messages
from reef.wire.client import RawClient, open_channel
from reef.wire.limits import MessageLimits

ORIGIN = RemoteRepositoryOrigin(
    GrpcServerCodeLocationOrigin(host="localhost", socket="/s", location_name=LOCATION), REPOSITORY
)
PARTITIONS = PartitionNamesArgs(
    repository_origin=ORIGIN, partition_set_name="three_job_partition_set", job_name="three_job"
)


def tick(cursor: str | None = None, timeout: int | None = None) -> Callable[[DagsterGrpcClient], str]:
    args = SensorExecutionArgs(
        repository_origin=ORIGIN, instance_ref=None, sensor_name="watcher", cursor=cursor, timeout=timeout
    )
    return lambda client: client.external_sensor_execution(args)


def tick_request(cursor: str | None = None) -> bytes:
    args = SensorExecutionArgs(
        repository_origin=ORIGIN, instance_ref=None, sensor_name="watcher", cursor=cursor
    )
    return messages.text_reply(serialize_value(args))


def test_a_call_wakes_its_location(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        control = FakeControl(woken=endpoint(small.target))
        async with fronted(tmp_path, control) as front:
            names = await front.ask(lambda client: client.external_partition_names(PARTITIONS))
            assert deserialize_value(names, PartitionNamesSnap).partition_names == ["a", "b"]
            assert "cursor 5" in await front.ask(tick("5"))
            assert control.wakes == 2
            control.now = control.woken
            assert "cursor 6" in await front.ask(tick("6"))
            assert control.wakes == 2, "a warm location is not woken"
            assert front.lanes("SyncExternalSensorExecution") == {"forwarded"}
            assert front.board.in_flight(LOCATION) == 0

    asyncio.run(main())


def test_invariant_11_bytes_pass_through_untouched(tmp_path: Path, small: CodeServer) -> None:
    """More than one chunk of Dagster's four million characters."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(woken=endpoint(small.target))) as front:
            both = []
            for target in (front.target, small.target):
                async with RawClient(target) as client:
                    stream = client.stream(
                        "ExternalSensorExecution", tick_request("huge"), timeout_s=scaled(30)
                    )
                    both.append([event async for event in stream])
            ours, theirs = both
            assert ours == theirs
            assert len(ours) == 3
            assert front.lanes("ExternalSensorExecution") == {"forwarded"}

    asyncio.run(main())


def test_errors_that_user_code_returns_pass_through(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl(woken=endpoint(small.target))) as front:
            result = await front.ask(tick("raise"))
            assert "told to" in deserialize_value(result, SensorExecutionErrorSnap).error.to_string()
            ended = front.ended("SyncExternalSensorExecution")
            assert (ended.code, ended.version) == ("OK", "v1")
            assert ended.failed_tick is not None
            assert ended.failed_tick.name == "watcher"
            assert ended.failed_tick.error.startswith("SensorExecutionError: ")
            assert "told to" in ended.failed_tick.text
            async with RawClient(front.target) as client:
                stream = client.stream("ExternalSensorExecution", tick_request("raise"), timeout_s=scaled(30))
                assert [event async for event in stream]
            assert front.ended("ExternalSensorExecution").failed_tick == ended.failed_tick
            for cursor in ("5", "huge"):
                await front.ask(tick(cursor))
                assert front.ended("SyncExternalSensorExecution").failed_tick is None

    asyncio.run(main())


def test_status_details_and_metadata_pass_through(tmp_path: Path) -> None:
    """And the caller's own metadata reaches the code server, without the headers of one hop."""
    seen: list[tuple[str, str | bytes]] = []

    async def fails(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        seen.extend((key, value) for key, value in context.invocation_metadata() or ())
        await context.abort(
            grpc.StatusCode.DATA_LOSS, "söme details", (("cause", "disk"), ("raw-bin", b"\x00\xff"))
        )

    async def main() -> None:
        async with (
            fake_server(tmp_path, fails) as target,
            fronted(tmp_path, FakeControl(now=endpoint(target))) as front,
        ):
            channel = open_channel(front.target)
            call = channel.unary_unary("/api.DagsterApi/ExternalNotebookData", None, None)
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await call(b"", metadata=(("x-team", "a"), ("x-raw-bin", b"\x01")), timeout=scaled(20))
            await channel.close(None)
            error = caught.value
            assert (error.code(), error.details()) == (grpc.StatusCode.DATA_LOSS, "söme details")
            assert {("cause", "disk"), ("raw-bin", b"\x00\xff")} <= {
                tuple(pair) for pair in error.trailing_metadata()
            }
            assert {("x-team", "a"), ("x-raw-bin", b"\x01")} <= set(seen)
            assert sum(key == "user-agent" for key, _ in seen) == 1
            ended = front.ended("ExternalNotebookData")
            assert (ended.code, ended.error) == ("DATA_LOSS", "söme details")

    asyncio.run(main())


def test_unknown_methods_are_forwarded_whether_or_not_they_stream(tmp_path: Path) -> None:
    async def echo(requests: Any, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        async for request in requests:
            for number in range(2 if b"many" in request else 1):
                await context.write(request + b"%d" % number)

    async def main() -> None:
        async with (
            fake_server(tmp_path, echo, streams=True) as target,
            fronted(tmp_path, FakeControl(now=endpoint(target))) as front,
        ):
            channel = open_channel(front.target)
            path = "/api.DagsterApi/OfTomorrow"
            assert await channel.unary_unary(path, None, None)(b"one", timeout=scaled(20)) == b"one0"
            stream = channel.unary_stream(path, None, None)(b"many", timeout=scaled(20))
            assert [event async for event in stream] == [b"many0", b"many1"]
            await channel.close(None)
            assert front.lanes("OfTomorrow") == {"forwarded"}

    asyncio.run(main())


def test_a_method_that_the_code_server_does_not_know(tmp_path: Path, small: CodeServer) -> None:
    """An older Dagster: its clients fall back to another call when they see this."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(now=endpoint(small.target))) as front:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("OfTomorrow")
            assert error.value.code() is grpc.StatusCode.UNIMPLEMENTED

    asyncio.run(main())


@pytest.mark.parametrize(
    ("waited_s", "allowed_s", "over"),
    [
        (0.5, 0.5, True),
        (0.49, 0.5, True),
        (0.3, 0.5, False),
        (59.2, 60, True),
        (55.0, 60, False),
        (0.01, 0.05, True),
    ],
)
def test_a_caller_that_leaves_at_its_own_deadline_was_not_just_cancelled(
    waited_s: float, allowed_s: float, over: bool
) -> None:
    assert waited_out(waited_s, allowed_s) is over


def test_invariant_7_a_call_is_held_within_its_own_deadline(tmp_path: Path) -> None:
    async def main() -> None:
        control = FakeControl(woken=None)
        async with fronted(tmp_path, control) as front:
            before = time.monotonic()
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ExternalPartitionNames", timeout_s=scaled(0.5))
            assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert 0.4 < time.monotonic() - before < scaled(5)
            await until(lambda: front.board.in_flight(LOCATION) == 0)
            assert front.ended("ExternalPartitionNames").code == "DEADLINE_EXCEEDED"

    asyncio.run(main())


def test_a_wake_that_is_refused_says_why(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl(woken=NOT_NOW)) as front:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ExternalPartitionNames")
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
            assert error.value.details() == "its code does not load"
            with pytest.raises(DagsterUserCodeUnreachableError):
                await front.ask(tick())

    asyncio.run(main())


def test_the_remaining_deadline_is_passed_on(tmp_path: Path) -> None:
    left: list[float] = []
    took: list[float] = []
    given_s, called = scaled(10), 0.0

    async def answers(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        left.append(context.time_remaining())
        took.append(time.monotonic() - called)
        return b""

    class Slow(FakeControl):
        async def endpoint(self, location: str) -> Any:
            await asyncio.sleep(0.6)
            return await super().endpoint(location)

    async def main() -> None:
        nonlocal called
        async with (
            fake_server(tmp_path, answers) as target,
            fronted(tmp_path, Slow(woken=endpoint(target))) as front,
        ):
            called = time.monotonic()
            await front.raw("ExternalPartitionNames", timeout_s=given_s)
        assert given_s - took[0] - 1.4 < left[0] < given_s - 0.3  # gRPC rounds what it sends

    asyncio.run(main())


def test_a_slow_tick_ends_at_the_callers_deadline(tmp_path: Path) -> None:
    async def main(server: CodeServer) -> None:
        async with fronted(tmp_path, FakeControl(now=endpoint(server.target))) as front:
            with pytest.raises(DagsterUserCodeUnreachableError, match="timed out"):
                await front.ask(tick("sleep", timeout=1))
            await until(lambda: front.board.in_flight(LOCATION) == 0)

    with code_server(tmp_path, SMALL) as server:
        asyncio.run(main(server))


@pytest.mark.parametrize("streams", [True, False])
def test_a_client_that_goes_cancels_the_inner_call(tmp_path: Path, streams: bool) -> None:
    started, gone = threading.Event(), asyncio.Event()

    async def hangs(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        started.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            gone.set()
            raise

    async def main() -> None:
        async with (
            fake_server(tmp_path, hangs, streams=streams) as target,
            fronted(tmp_path, FakeControl(now=endpoint(target))) as front,
        ):
            name = "ExternalSensorExecution" if streams else "ExternalPartitionNames"
            channel = open_channel(front.target)
            kind = channel.unary_stream if streams else channel.unary_unary
            call = kind(f"/api.DagsterApi/{name}", None, None)(b"", timeout=scaled(60))
            reading = asyncio.ensure_future(call.read() if streams else _awaited(call))
            await until(started.is_set)
            call.cancel()
            await until(gone.is_set)
            await asyncio.gather(reading, return_exceptions=True)
            await until(lambda: front.board.in_flight(LOCATION) == 0)
            assert front.ended(name).code == "CANCELLED"
            await channel.close(None)

    asyncio.run(main())


async def _awaited(call: Any) -> Any:
    return await call


def test_a_request_over_the_limit_fails_as_dagsters_server_fails(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        control = FakeControl(now=endpoint(small.target))
        async with fronted(tmp_path, control, messages=MessageLimits(receive=50_000)) as front:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ExternalPartitionNames", messages.text_reply("x" * 60_000))
            assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "larger than max" in (error.value.details() or "")
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("SyncExternalSensorExecution", tick_request("huge"))
            assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED

    asyncio.run(main())


def test_invariant_13_a_flood_fails_at_once_and_only_here(tmp_path: Path) -> None:
    """Two run, one waits, the fourth is refused; polls go on."""
    running: list[bytes] = []
    go = asyncio.Event()

    async def waits(request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        running.append(request)
        await go.wait()
        return request

    async def main() -> None:
        async with fake_server(tmp_path, waits) as target:
            control = FakeControl(now=endpoint(target))
            async with fronted(tmp_path, control, limits=CallLimits(concurrent=2, queued=1)) as front:
                calls = []
                for number in range(3):
                    calls.append(asyncio.create_task(front.raw("ExternalPartitionNames", b"%d" % number)))
                    await until(lambda number=number: front.board.in_flight(LOCATION) == number + 1)  # type: ignore[misc]
                await until(lambda: len(running) == 2)
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await front.raw("ExternalPartitionNames", b"3")
                assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
                assert "2 run at once and 1 may wait" in (error.value.details() or "")
                front.serve(None)
                assert await front.raw("GetServerId")
                assert front.board.in_flight_to(target) == 2
                go.set()
                assert await asyncio.gather(*calls) == [b"0", b"1", b"2"]
                assert running == [b"0", b"1", b"2"]
                assert front.board.in_flight_to(target) == 0

    asyncio.run(main())


def test_a_queued_call_that_gives_up_leaves_the_queue(tmp_path: Path) -> None:
    go = asyncio.Event()

    async def waits(request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        await go.wait()
        return request

    async def main() -> None:
        async with fake_server(tmp_path, waits) as target:
            control = FakeControl(now=endpoint(target))
            async with fronted(tmp_path, control, limits=CallLimits(concurrent=1, queued=5)) as front:
                first = asyncio.create_task(front.raw("ExternalPartitionNames", b"1"))
                await until(lambda: front.board.in_flight_to(target) == 1)
                with pytest.raises(grpc.aio.AioRpcError):
                    await front.raw("ExternalPartitionNames", timeout_s=scaled(0.3))
                await until(lambda: front.board.in_flight(LOCATION) == 1)
                go.set()
                assert await first == b"1"
                assert await front.raw("ExternalPartitionNames", b"2") == b"2"

    asyncio.run(main())


def test_a_child_that_is_gone_is_replaced_before_anything_was_sent(tmp_path: Path, small: CodeServer) -> None:
    async def main() -> None:
        gone = endpoint(f"unix:{tmp_path}/gone.sock")
        control = FakeControl(now=gone, woken=endpoint(small.target))
        control.on_failed = lambda: setattr(control, "now", None)
        async with fronted(tmp_path, control) as front:
            assert "cursor 1" in await front.ask(tick("1"))
        assert control.failed == [gone]
        assert control.wakes == 1

    asyncio.run(main())


def test_a_connection_lost_before_anything_was_sent_is_tried_again(tmp_path: Path) -> None:
    """gRPC says so itself where its connection went between our look at it and the call."""
    received: list[bytes] = []

    async def answers(request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        received.append(request)
        if len(received) == 1:
            await context.abort(grpc.StatusCode.UNAVAILABLE, f"{NEVER_SENT}; last error: gone")
        if len(received) == 2:
            await context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
        return b"done"

    async def main() -> None:
        async with (
            fake_server(tmp_path, answers) as target,
            fronted(tmp_path, FakeControl(now=endpoint(target))) as front,
        ):
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ExternalPartitionNames")
            assert error.value.details() == "Socket closed", "something may have been sent: not tried again"
            assert len(received) == 2
            assert await front.raw("ExternalPartitionNames") == b"done"

    asyncio.run(main())


def test_attempts_are_bounded(tmp_path: Path) -> None:
    async def main() -> None:
        targets = iter(range(100))

        class Liar(FakeControl):
            async def endpoint(self, location: str) -> Any:
                return endpoint(f"unix:{tmp_path}/{next(targets)}.sock")

        control = Liar()
        async with fronted(tmp_path, control) as front:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ExternalPartitionNames")
            assert error.value.code() is grpc.StatusCode.UNAVAILABLE
            assert "could not be reached" in (error.value.details() or "")
        assert len(control.failed) == 3

    asyncio.run(main())


def test_a_start_run_is_never_sent_twice(tmp_path: Path) -> None:
    """The child dies with the call in its hands: the caller is told, nobody else gets the call."""

    async def main() -> None:
        received: list[str] = []
        first_dies = asyncio.Event()

        async def dies(_request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            received.append("first")
            first_dies.set()
            await asyncio.Event().wait()
            raise AssertionError

        async def second(_request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
            received.append("second")
            return messages.cancelled_reply(True)

        async with (
            fake_server(tmp_path, second, name="second") as other,
            fake_server(tmp_path, dies, name="first") as target,
            fronted(tmp_path, control := FakeControl(now=endpoint(target), woken=endpoint(other))) as front,
        ):
            call = asyncio.create_task(front.raw("StartRun", b""))
            await first_dies.wait()
            await SERVERS[target].stop(0)
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await call
            assert error.value.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
            assert received == ["first"]
            assert control.failed == []
            control.now = None
            await front.raw("StartRun", b"")
            assert received == ["first", "second"]

    asyncio.run(main())


def test_a_killed_code_server_mid_call_is_told_and_the_next_call_goes_on(
    tmp_path: Path, small: CodeServer
) -> None:
    async def main(server: CodeServer) -> None:
        control = FakeControl(now=endpoint(server.target), woken=endpoint(small.target))
        control.on_failed = lambda: setattr(control, "now", None)
        async with fronted(tmp_path, control) as front:
            call = asyncio.create_task(front.ask(tick("sleep")))
            await until(lambda: front.board.in_flight_to(server.target) == 1)
            await until(lambda: any(isinstance(event, CallStarted) for event in front.events))
            await asyncio.sleep(0.3)
            server.kill()
            with pytest.raises(DagsterUserCodeUnreachableError):
                await call
            assert "cursor 2" in await front.ask(tick("2"))
            assert control.wakes == 1

    with code_server(tmp_path, SMALL) as server:
        asyncio.run(main(server))


def test_channels_are_kept_and_dropped_with_their_server(tmp_path: Path) -> None:
    async def answers(_request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        return b""

    async def main() -> None:
        async with (
            fake_server(tmp_path, answers) as target,
            fronted(tmp_path, FakeControl(now=endpoint(target))) as front,
        ):
            channels = front.board.channels
            for _ in range(3):
                await front.raw("ExternalPartitionNames")
            assert len(channels._kept) == 1
            channels.sweep()
            assert len(channels._kept) == 1
            (kept,) = channels._kept.values()
            await SERVERS[target].stop(0)
            await until(lambda: kept.channel.get_state() is not grpc.ChannelConnectivity.READY)
            channels.sweep()
            assert not channels._kept

    asyncio.run(main())


def test_a_channel_to_a_server_that_ended_is_closed_at_once(tmp_path: Path, small: CodeServer) -> None:
    """Else a fleet that wakes and sleeps a thousand times in a minute holds a thousand channels to dead servers."""

    async def main() -> None:
        control = FakeControl(woken=endpoint(small.target))
        async with fronted(tmp_path, control) as front:
            channels = front.board.channels
            await front.ask(tick("5"))
            assert [one.target for one in channels._kept] == [small.target]
            front.board.ended("unix:/another")
            assert len(channels._kept) == 1
            front.board.ended(small.target)
            assert (channels._kept, len(channels._closing._tasks)) == ({}, 1)
            assert "cursor 6" in await front.ask(tick("6")), "it is opened again where somebody answers there"
            async with channels.to(endpoint(small.target)) as kept:
                front.board.ended(small.target)
                await kept.connected()  # what is under way goes on
                assert channels.in_flight_to(small.target) == 1
            assert channels._kept == {}
            await channels._closing.close()
            assert kept.channel.get_state() is grpc.ChannelConnectivity.SHUTDOWN

    asyncio.run(main())
