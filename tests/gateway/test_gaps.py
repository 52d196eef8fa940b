"""Invariant 16: in whatever gap of a client's calls a version is promoted, the client ends with it, whole."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from code_servers import TWO_REPOSITORIES, code_server
from dagster import DagsterInstance
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin
from dagster._core.remote_representation.code_location import GrpcServerCodeLocation
from dagster._grpc.client import DagsterGrpcClient
from fronting import LOCATION, NOT_NOW, FakeControl, Front, fronted

from deadlines import Deadline, until
from reef.snapshots.record import Recording, record
from reef.wire.limits import MessageLimits

LAG_S, LIST_LAG_S = 0.3, 2.0
JOBS_APART = MessageLimits(send=1)  # so that job data does not fit into the repository's, and is asked for
CONVERGES_S = 20.0

Shown = dict[str, list[str]]  # repository -> what its jobs do


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """`first`; one with the same list of repositories; one that renamed a repository. Jobs' ops differ in all."""
    folder = tmp_path_factory.mktemp("versions")
    sources = {
        "first": TWO_REPOSITORIES,
        "same list": TWO_REPOSITORIES.replace("nothing", "something"),
        "other list": TWO_REPOSITORIES.replace("nothing", "other").replace("def second():", "def third():"),
    }

    def recorded(name: str, source: str) -> Recording:
        with code_server(folder, source, name="same") as server:
            return asyncio.run(record(server.target, 30, limits=JOBS_APART))

    return {name: recorded(name, source) for name, source in sources.items()}


WHOLE: dict[str, Shown] = {
    "first": {"first": ["nothing"], "second": ["nothing"]},
    "same list": {"first": ["something"], "second": ["something"]},
    "other list": {"first": ["other"], "third": ["other"]},
}


@dataclass
class Client:
    """Loads as webserver and daemon do, and loads again when the id that it polls is another, or after an error."""

    socket: str
    instance: DagsterInstance
    loaded_id: str = ""
    shown: Shown = field(default_factory=dict)
    loads: int = 0

    def load(self) -> None:
        self.loads += 1
        origin = GrpcServerCodeLocationOrigin(host="localhost", socket=self.socket, location_name=LOCATION)
        with GrpcServerCodeLocation(origin, instance=self.instance) as location:
            self.shown = {
                name: [ops(job) for job in repository.get_all_jobs()][:1]
                for name, repository in location.get_repositories().items()
            }
            self.loaded_id = location.server_id

    def poll(self) -> bool:
        """Whether it had to load again."""
        polled = DagsterGrpcClient(socket=self.socket).get_server_id()
        if polled == self.loaded_id:
            return False
        try:
            self.load()
        except Exception:  # shown as an error of the location; the next poll sees to it
            self.loaded_id = ""
        return True


def ops(job: Any) -> str:
    (only,) = job.job_snapshot.node_defs_snapshot.op_def_snaps
    return str(only.name)


@pytest.fixture(scope="module")
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as instance:
        yield instance


def promote_before(
    monkeypatch: pytest.MonkeyPatch, method: str, nth: int, promote: Callable[[], None]
) -> list[str]:
    """Dagster's own client promotes just before its nth call of a method; what it called by then."""
    real, calls = DagsterGrpcClient._query, []

    def query(self: DagsterGrpcClient, name: str, *words: Any, **named: Any) -> Any:
        calls.append(name)
        if name == method and calls.count(name) == nth:
            promote()
        return real(self, name, *words, **named)

    monkeypatch.setattr(DagsterGrpcClient, "_query", query)
    return calls


@pytest.mark.parametrize("new", ["same list", "other list"])
@pytest.mark.parametrize(
    ("method", "nth"),
    [("ListRepositories", 1), ("GetServerId", 1), ("ExternalRepository", 1), ("ExternalRepository", 2),
     ("ExternalJob", 1), ("ExternalJob", 2), ("GetServerId", 2)],
)  # fmt: skip
def test_a_version_promoted_between_two_calls_of_a_load_is_shown_whole_in_the_end(
    tmp_path: Path,
    versions: dict[str, Recording],
    instance: DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    new: str,
    method: str,
    nth: int,
) -> None:
    async def main() -> None:
        async with fronted(
            tmp_path, FakeControl(woken=NOT_NOW), id_lag_s=LAG_S, list_lag_s=LIST_LAG_S
        ) as front:
            front.serve(versions["first"], "reef-1")
            loop = asyncio.get_running_loop()

            def promote() -> None:
                asyncio.run_coroutine_threadsafe(served(front, versions[new], "reef-2"), loop).result()

            calls = promote_before(monkeypatch, method, nth, promote)
            client = Client(front.socket, instance)
            await asyncio.to_thread(converge, client, "reef-2")
            assert calls.count(method) >= nth, "the gap was never reached"
            assert client.shown == WHOLE[new]
            assert client.loads <= 3

    asyncio.run(main())


async def served(front: Front, recording: Recording, server_id: str) -> None:
    front.serve(recording, server_id)


def converge(client: Client, server_id: str) -> None:
    deadline = Deadline(CONVERGES_S)
    while client.poll() or client.loaded_id != server_id:
        assert not deadline.over, f"still shows {client.loaded_id} after {deadline}: {client.shown}"
        time.sleep(0.02)  # between two polls


@pytest.mark.parametrize("new", ["same list", "other list"])
def test_a_client_that_is_slow_between_list_and_id(
    tmp_path: Path, versions: dict[str, Recording], instance: DagsterInstance,
    monkeypatch: pytest.MonkeyPatch, new: str,
) -> None:  # fmt: skip
    """A webserver that loads fifty locations at once takes seconds from one call to the next. Where the lists are
    the same it gets the new id, and has missed nothing."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl(woken=NOT_NOW), id_lag_s=0.0, list_lag_s=1.5) as front:
            front.serve(versions["first"], "reef-1")
            loop = asyncio.get_running_loop()

            def promote() -> None:
                asyncio.run_coroutine_threadsafe(served(front, versions[new], "reef-2"), loop).result()
                if new == "same list":
                    until_switched(front)

            promote_before(monkeypatch, "GetServerId", 2, promote)  # the first is the poll
            client = Client(front.socket, instance)
            await asyncio.to_thread(client.poll)
            assert (client.loaded_id == "reef-2") is (new == "same list")
            await asyncio.to_thread(converge, client, "reef-2")
            assert client.shown == WHOLE[new]

    asyncio.run(main())


def until_switched(front: Front) -> None:
    """The lists have been compared."""
    place = front.board.routes[LOCATION]
    until(lambda: place.answers is not None and b"reef-2" in place.answers.server_id, CONVERGES_S)
