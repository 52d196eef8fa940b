"""Where locations are listened for."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
from pathlib import Path

import pytest
from dagster._grpc.client import DagsterGrpcClient
from fronting import FakeControl, fronted

from reef.errors import ReefError
from reef.gateway import Board, Gateway, ListenAddress
from reef.gateway.contract import Served
from reef.snapshots import SnapshotStore


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def opened(tmp_path: Path, *addresses: ListenAddress) -> None:
    async def main() -> None:
        board, control = Board(SnapshotStore(tmp_path / "s", 1 << 20)), FakeControl()
        gateway = Gateway(board, control, control, lambda _event: None)
        try:
            for number, address in enumerate(addresses):
                await gateway.open(f"location-{number}", address)
                board.serve(f"location-{number}", Served(f"id-{number}", None))
            for number, address in enumerate(addresses):
                client = DagsterGrpcClient(port=address.port, socket=address.socket, host=address.host)
                assert await asyncio.to_thread(client.get_server_id) == f"id-{number}"
        finally:
            await gateway.aclose(0.0)

    asyncio.run(main())


def test_invariant_1_the_listener_says_which_location_a_call_is_for(tmp_path: Path) -> None:
    opened(
        tmp_path,
        ListenAddress(socket=str(tmp_path / "a.sock")),
        ListenAddress(socket=str(tmp_path / "b.sock")),
        ListenAddress(port=free_port()),
        ListenAddress(port=free_port()),
    )
    assert not (tmp_path / "a.sock").exists()


def test_an_address_can_be_had_again_at_once(tmp_path: Path) -> None:
    port = free_port()
    for _ in range(2):
        opened(tmp_path, ListenAddress(port=port), ListenAddress(socket=str(tmp_path / "a.sock")))


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ReefError, match="cannot be listened on") as error:
            opened(tmp_path, ListenAddress(port=other.getsockname()[1]))
        assert error.value.hint


def test_a_socket_that_somebody_listens_on_is_left_alone(tmp_path: Path) -> None:
    """A second grpc.aio server would bind it unseen, take all calls, and delete it in the end."""
    path = str(tmp_path / "a.sock")
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(path)
        other.listen()
        with pytest.raises(ReefError, match="taken"):
            opened(tmp_path, ListenAddress(socket=path))
    assert os.path.exists(path)


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    path = str(tmp_path / "a.sock")
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
    opened(tmp_path, ListenAddress(socket=path))


def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.sock").write_text("mine")
    with pytest.raises(ReefError, match="no socket"):
        opened(tmp_path, ListenAddress(socket=str(tmp_path / "a.sock")))
    assert (tmp_path / "a.sock").read_text() == "mine"


def test_a_path_that_is_too_long(tmp_path: Path) -> None:
    with pytest.raises(ReefError, match="may have 107") as error:
        opened(tmp_path, ListenAddress(socket=str(tmp_path / ("x" * 120))))
    assert error.value.hint


def test_no_address_and_twice_the_same_location(tmp_path: Path) -> None:
    with pytest.raises(ReefError, match="needs"):
        opened(tmp_path, ListenAddress())

    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            with pytest.raises(ReefError, match="already"):
                await front.gateway.open("sales", ListenAddress(port=free_port()))
            assert await front.ask(lambda client: client.ping("still"))

    asyncio.run(main())


def test_only_the_owner_may_connect(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            assert os.stat(front.socket).st_mode & 0o077 == 0

    asyncio.run(main())


def test_a_closed_location_is_gone_and_the_others_stay(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            other = ListenAddress(socket=str(tmp_path / "other.sock"))
            await front.gateway.open("other", other)
            await front.gateway.close("other")
            await front.gateway.close("other")
            assert not (tmp_path / "other.sock").exists()
            assert front.board.in_flight("other") == 0
            assert await front.ask(lambda client: client.ping("still"))
            await front.gateway.open("other", other)
            assert set(front.gateway.board.locations()) == {"sales", "other"}
            await front.gateway.aclose(0.0)
            await front.gateway.aclose(0.0)

    asyncio.run(main())


def test_one_whose_opening_is_cancelled_listens_no_more(tmp_path: Path) -> None:
    """At whatever step; a server that is forgotten instead complains when the loop is closed."""
    path = str(tmp_path / "a.sock")

    async def main(steps: int) -> bool:
        board, control = Board(SnapshotStore(tmp_path / "s", 1 << 20)), FakeControl()
        gateway = Gateway(board, control, control, lambda _event: None)
        opening = asyncio.create_task(gateway.open("a", ListenAddress(socket=path)))
        for _ in range(steps):
            await asyncio.sleep(0)
        done = opening.done()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        if not done:
            assert not gateway.board.locations()
            assert not os.path.exists(path)
        await gateway.aclose(0.0)
        return done

    steps = 0
    while not asyncio.run(main(steps)):
        gc.collect()
        steps += 1 + steps // 10
    assert steps > 3
