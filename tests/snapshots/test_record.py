"""Recording against real code servers: what is recorded is what they answer."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import pytest
from code_servers import BROKEN, SMALL, TWO_REPOSITORIES, CodeServer, code_server
from dagster._core.remote_representation.external_data import (
    JobDataSnap,
    RepositoryErrorSnap,
    RepositorySnap,
    SensorSnap,
)
from dagster._grpc.types import ListRepositoriesResponse
from dagster._serdes import deserialize_value
from dagster._utils.error import SerializableErrorInfo

from deadlines import scaled
from reef.snapshots import SnapshotReader, SnapshotStore
from reef.snapshots.definitions import Schedule, Sensor, definitions_from, read_repository
from reef.snapshots.record import Recording, RecordingFailed, record, synthesized_load_error
from reef.wire import messages
from reef.wire.client import RawClient, get_server_id
from reef.wire.fields import WireError
from reef.wire.limits import MessageLimits

REPOSITORY = "__repository__"
OLDER_PYTHON = os.environ.get("REEF_TEST_OLDER_PYTHON")  # an interpreter with an older Dagster


def recorded(server: CodeServer, **kwargs: MessageLimits) -> Recording:
    return asyncio.run(record(server.target, 60, **kwargs))


def asked(server: CodeServer, method: str, request: bytes = b"") -> bytes:
    async def ask() -> bytes:
        async with RawClient(server.target) as client:
            return await client.call(method, request, timeout_s=scaled(60))

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def recording(small: CodeServer) -> Recording:
    return recorded(small)


@pytest.fixture
def stored(recording: Recording, tmp_path: Path) -> tuple[SnapshotStore, str]:
    store = SnapshotStore(tmp_path / "store", 1 << 30)
    assert recording.snapshot is not None
    return store, store.put(recording.snapshot)


def test_invariant_11_recorded_bytes_are_the_servers(
    small: CodeServer, recording: Recording, stored: tuple[SnapshotStore, str]
) -> None:
    store, digest = stored
    assert store.read(digest, SnapshotReader.listed) == asked(small, "ListRepositories")
    assert store.read(digest, SnapshotReader.image) == asked(small, "GetCurrentImage")
    request = messages.repository_request(REPOSITORY, deferred=False)
    reply = store.read(digest, lambda s: s.repository(REPOSITORY, deferred=True))
    assert reply == asked(small, "ExternalRepository", request)
    assert deserialize_value(messages.reply_text(reply).decode(), RepositorySnap).has_job_data()
    assert recording.load_error is None
    assert recording.server_id == asyncio.run(get_server_id(small.target, timeout_s=scaled(10)))


def test_a_jobs_answer_taken_out_of_the_repository_is_the_servers(
    small: CodeServer, stored: tuple[SnapshotStore, str]
) -> None:
    store, digest = stored
    names = [job.name for job in job_datas(store, digest)]
    assert {"slow_job", "three_job", "all_job"} < set(names)
    assert any(name.startswith("__ASSET_JOB") for name in names)
    for name in names:
        ours = store.read(digest, lambda s, name=name: s.job(REPOSITORY, name))  # type: ignore[misc]
        theirs = asked(small, "ExternalJob", messages.job_request(REPOSITORY, name))
        assert ours == theirs
        assert deserialize_value(messages.reply_text(ours).decode(), JobDataSnap).name == name


def job_datas(store: SnapshotStore, digest: str) -> list[JobDataSnap]:
    reply = store.read(digest, lambda s: s.repository(REPOSITORY, deferred=False))
    assert reply is not None
    return list(deserialize_value(messages.reply_text(reply).decode(), RepositorySnap).get_job_datas())


def test_recording_twice_gives_the_same_digest(small: CodeServer, stored: tuple[SnapshotStore, str]) -> None:
    store, digest = stored
    again = recorded(small)
    assert again.snapshot is not None
    assert store.put(again.snapshot) == digest


def test_definitions(recording: Recording) -> None:
    found = definitions_from(recording.definitions)
    assert found.repositories == (REPOSITORY,)
    assert set(found.jobs) == {"slow_job", "three_job", "all_job"}
    assert found.schedules == (Schedule("nightly", REPOSITORY, starts_running=True),)
    assert {sensor.name: sensor.minimum_interval_s for sensor in found.sensors} == {
        "watcher": 45.0,
        "plain": 30.0,
    }
    assert isinstance(found.sensors[0], Sensor)
    assert (found.assets, found.asset_checks) == (3, 1)
    assert found.dagster_version


def test_the_sensor_fields_are_dagsters() -> None:
    assert {"name", "min_interval", "default_status"} <= set(SensorSnap.__annotations__)


def test_several_repositories(tmp_path: Path) -> None:
    with code_server(tmp_path, TWO_REPOSITORIES, name="two") as server:
        recording = recorded(server)
    assert recording.snapshot is not None
    assert [repository.name for repository in recording.snapshot.repositories] == ["first", "second"]
    found = definitions_from(recording.definitions)
    assert found.jobs == ("first_job", "second_job")
    listed = deserialize_value(
        messages.reply_text(recording.snapshot.listed).decode(), ListRepositoriesResponse
    )
    assert {symbol.repository_name for symbol in listed.repository_symbols} == {"first", "second"}


def test_beyond_the_message_limit_jobs_are_recorded_apart(small: CodeServer, tmp_path: Path) -> None:
    whole = len(asked(small, "ExternalRepository", messages.repository_request(REPOSITORY, deferred=False)))
    recording = recorded(small, limits=MessageLimits(send=whole - 1))
    assert recording.snapshot is not None
    store = SnapshotStore(tmp_path / "store", 1 << 30)
    digest = store.put(recording.snapshot)
    deferred = store.read(digest, lambda s: s.repository(REPOSITORY, deferred=True))
    assert deferred == asked(
        small, "ExternalRepository", messages.repository_request(REPOSITORY, deferred=True)
    )
    assert store.read(digest, lambda s: s.repository(REPOSITORY, deferred=False)) is None
    job = store.read(digest, lambda s: s.job(REPOSITORY, "all_job"))
    assert job == asked(small, "ExternalJob", messages.job_request(REPOSITORY, "all_job"))
    assert set(definitions_from(recording.definitions).jobs) == {"slow_job", "three_job", "all_job"}


def test_a_server_with_a_lower_limit_is_recorded_too(tmp_path: Path) -> None:
    with code_server(tmp_path, SMALL, env={"DAGSTER_GRPC_MAX_SEND_BYTES": "40000"}) as server:
        recording = recorded(server)
    assert recording.snapshot is not None
    assert recording.snapshot.repositories[0].reply is None
    assert "all_job" in recording.snapshot.repositories[0].jobs


def test_a_load_error_is_recorded_as_it_is(tmp_path: Path) -> None:
    with code_server(tmp_path, BROKEN, name="broken", args=("--lazy-load-user-code",)) as server:
        recording = recorded(server)
        theirs = messages.reply_text(asked(server, "ListRepositories")).decode()
    assert recording.snapshot is None
    assert recording.load_error == theirs
    assert deserialize_value(recording.load_error, SerializableErrorInfo).cls_name == "DagsterImportError"
    assert "nowhere_to_be_found" in (recording.load_error_text or "")


REPOSITORY_FAILS = (
    SMALL
    + """
from dagster._core.remote_representation import external_data

def fails(*_args, **_kwargs):
    raise RuntimeError("cannot be told")

external_data.RepositorySnap.from_def = fails
"""
)


def test_a_repository_that_is_an_error_is_recorded_and_flagged(tmp_path: Path) -> None:
    with code_server(tmp_path, REPOSITORY_FAILS, name="fails") as server:
        recording = recorded(server)
    assert recording.snapshot is not None
    repository = recording.snapshot.repositories[0]
    assert repository.error
    assert "cannot be told" in recording.repository_errors[REPOSITORY]
    text = messages.reply_text(repository.reply or b"").decode()
    assert isinstance(deserialize_value(text, RepositoryErrorSnap), RepositoryErrorSnap)


def test_invariant_6_an_empty_list_is_a_load_error(tmp_path: Path) -> None:
    empty = (
        SMALL
        + "\nimport dagster._grpc.server as server\nserver.LoadedRepositories.loadable_repository_symbols = []\n"
    )
    with code_server(tmp_path, empty, name="empty") as server:
        assert messages.listed(asked(server, "ListRepositories")).repositories == ()
        recording = recorded(server)
    assert recording.snapshot is None
    assert "no repository" in (recording.load_error_text or "")


def test_a_server_that_hangs_is_given_up(tmp_path: Path) -> None:
    with code_server(tmp_path, SMALL, name="hangs") as server:
        server.freeze()
        before = time.monotonic()
        with pytest.raises(RecordingFailed, match=r"still answering after 0\.5 s"):
            asyncio.run(record(server.target, 0.5))
        assert time.monotonic() - before < scaled(5)


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="UNAVAILABLE"):
        asyncio.run(record(f"unix:{tmp_path}/none.sock", scaled(20)))


class Impostor(grpc.GenericRpcHandler):
    """Answers only what it is given."""

    def __init__(self, replies: dict[str, bytes]) -> None:
        self._replies = replies

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        reply = self._replies.get(details.method.rpartition("/")[2])
        if reply is None:
            return None
        return grpc.unary_unary_rpc_method_handler(lambda _request, _context: reply)


async def record_impostor(folder: Path, replies: dict[str, bytes]) -> Recording:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((Impostor(replies),))
    server.add_insecure_port(f"unix:{folder}/i.sock")
    await server.start()
    try:
        return await record(f"unix:{folder}/i.sock", scaled(10))
    finally:
        await server.stop(0)


@pytest.mark.parametrize("reply", [b"\x0a\xff", messages.text_reply("nonsense"), messages.text_reply("{}")])
def test_a_server_that_answers_nonsense(tmp_path: Path, reply: bytes) -> None:
    with pytest.raises(RecordingFailed, match="does not speak"):
        asyncio.run(record_impostor(tmp_path, {"ListRepositories": reply}))


def test_a_server_of_something_else(tmp_path: Path) -> None:
    with pytest.raises(RecordingFailed, match="UNIMPLEMENTED"):
        asyncio.run(record_impostor(tmp_path, {"Ping": b""}))


def test_a_synthesized_load_error_is_one_to_dagster() -> None:
    recording = synthesized_load_error("killed by signal 11", "sales")
    assert recording.snapshot is None
    error = deserialize_value(recording.load_error or "", SerializableErrorInfo)
    assert "'sales'" in error.message
    assert "killed by signal 11" in error.to_string()


def test_the_loop_stays_free_while_large_answers_are_read(small: CodeServer) -> None:
    """Parsing goes to a thread."""
    seen: set[str] = set()
    from reef.snapshots import record as module

    read = module.read_repository

    def watched(text: bytes, name: str):  # type: ignore[no-untyped-def]
        seen.add(threading.current_thread().name)
        return read(text, name)

    module.read_repository = watched  # type: ignore[attr-defined]
    try:
        recorded(small)
    finally:
        module.read_repository = read  # type: ignore[attr-defined]
    assert seen
    assert "MainThread" not in seen


def test_numbers_that_only_python_writes() -> None:
    text = (
        b'{"__class__": "ExternalRepositoryData", "name": "r", "x": NaN, "external_pipeline_datas": '
        b'[{"name": "a", "v": -Infinity}, {"name": "b", "v": "\\u00f6"}]}'
    )
    read = read_repository(text, "r")
    assert read.job_names == ("a", "b")
    assert [text[start:end] for start, end in read.jobs.values()] == [
        b'{"name": "a", "v": -Infinity}',
        b'{"name": "b", "v": "\\u00f6"}',
    ]


@pytest.mark.parametrize("text", [b"", b"[]", b'"x"', b'{"__class__": 1}', b"{NaN"])
def test_no_repository_at_all(text: bytes) -> None:
    with pytest.raises(WireError):
        read_repository(text, "r")


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    if OLDER_PYTHON is None:
        pytest.skip("REEF_TEST_OLDER_PYTHON is not set")
    with code_server(
        tmp_path_factory.mktemp("older"), TWO_REPOSITORIES, name="older", python=OLDER_PYTHON
    ) as server:
        yield server


def test_an_older_dagster_is_recorded(older: CodeServer) -> None:
    recording = recorded(older)
    assert recording.snapshot is not None
    for repository in recording.snapshot.repositories:
        text = messages.reply_text(repository.reply or b"").decode()
        assert deserialize_value(text, RepositorySnap).has_job_data()
        (job,) = (f"{repository.name}_job",)
        theirs = asked(older, "ExternalJob", messages.job_request(repository.name, job))
        start, end = repository.spans[job]
        assert messages.text_reply((repository.reply or b"")[start:end]) == theirs
