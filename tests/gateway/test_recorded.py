"""Reading calls are answered from the location snapshot; nobody wakes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import grpc
import grpc.aio
import pytest
from code_servers import BROKEN, CodeServer, code_server
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.external_data import (
    JobDataSnap,
    RepositoryErrorSnap,
    RepositorySnap,
)
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import GetCurrentImageResult
from dagster._serdes import deserialize_value
from dagster._utils.error import SerializableErrorInfo
from fronting import LOCATION, REPOSITORY, FakeControl, Front, endpoint, fronted

from deadlines import scaled
from reef.gateway.contract import Served
from reef.snapshots.record import Recording, record, synthesized_load_error
from reef.wire import messages
from reef.wire.client import RawClient
from reef.wire.limits import MessageLimits


def origin(repository: str = REPOSITORY) -> RemoteRepositoryOrigin:
    return RemoteRepositoryOrigin(
        GrpcServerCodeLocationOrigin(host="localhost", socket="/s", location_name=LOCATION), repository
    )


async def streamed(client_target: str, request: bytes) -> list[bytes]:
    async with RawClient(client_target) as client:
        return [
            event
            async for event in client.stream("StreamingExternalRepository", request, timeout_s=scaled(30))
        ]


@pytest.mark.parametrize("deferred", [True, False])
def test_a_repository_has_its_jobs_inside_whatever_was_asked(
    tmp_path: Path, recording: Recording, small: CodeServer, deferred: bool
) -> None:
    def read(client: DagsterGrpcClient) -> str:
        return client.external_repository(origin(), defer_snapshots=deferred)

    async def main() -> str:
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(recording)
            text = await front.ask(read)
            assert control.wakes == 0
            assert front.lanes("ExternalRepository") == {"recorded"}
            return text

    text = asyncio.run(main())
    assert deserialize_value(text, RepositorySnap).has_job_data()
    assert text == DagsterGrpcClient(socket=small.socket).external_repository(origin(), defer_snapshots=False)


def test_the_stream_of_old_clients(tmp_path: Path, recording: Recording, small: CodeServer) -> None:
    request = messages.repository_request(REPOSITORY, deferred=False)

    async def main() -> tuple[list[bytes], list[bytes]]:
        async with fronted(tmp_path, FakeControl()) as front:
            front.serve(recording)
            return await streamed(front.target, request), await streamed(small.target, request)

    ours, theirs = asyncio.run(main())
    assert ours == theirs


def test_jobs_image_and_list(tmp_path: Path, recording: Recording) -> None:
    async def main() -> None:
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(recording)
            reply = await front.ask(lambda client: client.external_job(origin(), "all_job"))
            assert deserialize_value(reply.serialized_job_data, JobDataSnap).name == "all_job"
            image = await front.ask(lambda client: client.get_current_image())
            assert deserialize_value(image, GetCurrentImageResult).current_image is None
            assert recording.snapshot is not None
            assert await front.raw("ListRepositories") == recording.snapshot.listed
        assert control.wakes == 0

    asyncio.run(main())


def test_hot_answers_touch_no_disk(tmp_path: Path, recording: Recording) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            digest = front.serve(recording)
            request = messages.repository_request(REPOSITORY, deferred=True)
            first = await front.raw("ExternalRepository", request)
            (tmp_path / "snapshots" / f"{digest}.snapshot").unlink()
            assert await front.raw("ExternalRepository", request) == first
            assert front.missing == []

    asyncio.run(main())


def test_a_damaged_snapshot_is_never_served(tmp_path: Path, recording: Recording, small: CodeServer) -> None:
    """The code server is asked instead, and control is told, once."""
    request = messages.repository_request(REPOSITORY, deferred=True)

    async def main() -> None:
        control = FakeControl(woken=endpoint(small.target))
        async with fronted(tmp_path, control) as front:
            digest = front.serve(recording)
            file = tmp_path / "snapshots" / f"{digest}.snapshot"
            whole = bytearray(file.read_bytes())
            whole[len(whole) // 2] ^= 0xFF
            file.write_bytes(whole)
            for _ in range(2):
                text = messages.reply_text(await front.raw("ExternalRepository", request))
                assert deserialize_value(text.decode(), RepositorySnap).name == REPOSITORY
            assert not file.exists()
            assert control.wakes == 2
            assert front.missing == [(LOCATION, digest)]
            assert front.lanes("ExternalRepository") == {"forwarded"}
            assert await front.ask(lambda client: client.get_server_id()) == "reef-1"

    asyncio.run(main())


def test_what_is_not_recorded_is_forwarded(tmp_path: Path, recording: Recording, small: CodeServer) -> None:
    async def main() -> None:
        control = FakeControl(woken=endpoint(small.target))
        async with fronted(tmp_path, control) as front:
            front.serve(recording)
            text = await front.ask(lambda client: client.external_repository(origin("nobody")))
            assert "nobody" in deserialize_value(text, RepositoryErrorSnap).error.message
            assert control.wakes == 1
            assert front.missing == []

    asyncio.run(main())


def test_a_large_location_is_deferred_as_dagster_defers(tmp_path: Path, small: CodeServer) -> None:
    """Job data inside would exceed the limit: then the clients ask for each job, and get it recorded."""

    async def main() -> None:
        limits = MessageLimits(send=40_000)
        recording = await record(small.target, 30, limits=limits)
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(recording)
            text = await front.ask(lambda client: client.external_repository(origin(), defer_snapshots=True))
            refs = deserialize_value(text, RepositorySnap).get_job_refs()
            for ref in refs:
                reply = await front.ask(lambda client, name=ref.name: client.external_job(origin(), name))  # type: ignore[misc]
                assert deserialize_value(reply.serialized_job_data, JobDataSnap).name == ref.name
        assert control.wakes == 0

    asyncio.run(main())


def test_an_answer_over_the_limit_fails_as_dagsters_server_fails(
    tmp_path: Path, recording: Recording
) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl(), messages=MessageLimits(send=10_000)) as front:
            front.serve(recording)
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await front.raw("ExternalRepository", messages.repository_request(REPOSITORY, deferred=True))
            assert error.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert await front.ask(lambda client: client.get_server_id()) == "reef-1"

    asyncio.run(main())


def test_a_load_error_is_told_as_dagster_tells_it(tmp_path: Path) -> None:
    """Everything but the list, too: the same kinds of answers that Dagster's own server gives."""

    async def main(server: CodeServer) -> None:
        recording = await record(server.target, scaled(30))
        control = FakeControl()
        async with fronted(tmp_path, control) as front:
            front.serve(recording, "reef-error")
            assert await front.raw("ListRepositories") == await direct(server, "ListRepositories")
            text = await front.ask(lambda client: client.external_repository(origin()))
            assert "nowhere_to_be_found" in deserialize_value(text, RepositoryErrorSnap).error.to_string()
            reply = await front.ask(lambda client: client.external_job(origin(), "any"))
            assert deserialize_value(reply.serialized_error, SerializableErrorInfo)
            assert await front.ask(lambda client: client.get_current_image())
            assert await front.ask(lambda client: client.get_server_id()) == "reef-error"
        assert control.wakes == 0

    with code_server(tmp_path, BROKEN, name="broken", args=("--lazy-load-user-code",)) as server:
        asyncio.run(main(server))


async def direct(server: CodeServer, method: str, request: bytes = b"") -> bytes:
    async with RawClient(server.target) as client:
        return await client.call(method, request, timeout_s=scaled(30))


def test_invariant_6_an_empty_list_is_never_passed_on(tmp_path: Path, small: CodeServer) -> None:
    class Empty(grpc.GenericRpcHandler):  # type: ignore[type-arg]
        def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:  # type: ignore[type-arg]
            reply = messages.text_reply('{"__class__": "ListRepositoriesResponse", "repository_symbols": []}')
            return grpc.unary_unary_rpc_method_handler(lambda _request, _context: reply)

    async def main() -> None:
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((Empty(),))
        server.add_insecure_port(f"unix:{tmp_path}/empty.sock")
        await server.start()
        async with fronted(tmp_path, FakeControl(now=endpoint(f"unix:{tmp_path}/empty.sock"))) as front:
            front.board.serve(LOCATION, Served("reef-1", "0" * 64))
            text = await front.ask(lambda client: client.list_repositories())
            assert "named no repository" in deserialize_value(text, SerializableErrorInfo).message
        await server.stop(0)

    asyncio.run(main())


def test_a_switch_is_seen_as_one(tmp_path: Path, recording: Recording) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            digest = front.serve(recording, "reef-1")
            front.board.serve(LOCATION, Served("reef-2", digest))
            assert await front.ask(lambda client: client.get_server_id()) == "reef-2"
            front.serve(synthesized_load_error("gone", LOCATION), "reef-3")
            assert await front.ask(lambda client: client.get_server_id()) == "reef-3"
            text = await front.ask(lambda client: client.list_repositories())
            assert "gone" in deserialize_value(text, SerializableErrorInfo).message

    asyncio.run(main())


def test_invariant_16_a_client_between_list_and_id_gets_the_old_id(
    tmp_path: Path, recording: Recording
) -> None:
    """With the new id it would keep the old list for good; with the old one its next poll makes it reload."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(), id_lag_s=0.5) as front:
            digest = front.serve(recording, "reef-1")
            await front.raw("ListRepositories")
            front.serve(synthesized_load_error("gone", LOCATION), "reef-2")
            assert b"reef-1" in await front.raw("GetServerId")
            text = messages.reply_text(await front.raw("ListRepositories"))
            assert b"gone" in text, "the snapshot is switched at once"
            front.board.serve(LOCATION, Served("reef-3", digest))
            seen = [await front.raw("GetServerId")]
            async with asyncio.timeout(scaled(20)):
                while b"reef-3" not in seen[-1]:
                    seen.append(await front.raw("GetServerId"))
                    await asyncio.sleep(0.02)
            ids = list(dict.fromkeys(messages.server_id_of(reply) for reply in seen))
            assert ids == ["reef-1", "reef-3"]

    asyncio.run(main())


def test_an_external_location_forwards_what_is_not_recorded(tmp_path: Path, small: CodeServer) -> None:
    async def main(front: Front, control: FakeControl) -> None:
        theirs = messages.server_id_of(await direct(small, "GetServerId"))
        assert await front.ask(lambda client: client.get_server_id()) == theirs
        assert await front.raw("ListRepositories") == await direct(small, "ListRepositories")
        front.board.serve(LOCATION, Served("reef-ext", None))
        assert await front.ask(lambda client: client.get_server_id()) == "reef-ext"
        text = await front.ask(lambda client: client.external_repository(origin()))
        assert deserialize_value(text, RepositorySnap).name == REPOSITORY
        assert control.wakes == 0

    async def run() -> None:
        control = FakeControl(now=endpoint(small.target, kind="external"))
        async with fronted(tmp_path, control) as front:
            await main(front, control)

    asyncio.run(run())
