"""What the gateway shows: a promotion is held, then shown, and never goes back; entries that stand for a location."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import grpc.aio
from fronting import LOCATION, FakeControl, endpoint, fake_server, fronted, until

from deadlines import scaled
from reef.gateway import ListenAddress
from reef.gateway.contract import CallEnded, Endpoint, Served
from reef.snapshots.record import synthesized_load_error
from reef.wire import messages
from reef.wire.client import RawClient

NEW, NEWER = Served("reef-2", None), Served("reef-3", None)


async def server_id(target: str) -> str:
    async with RawClient(target) as client:
        return messages.server_id_of(await client.call("GetServerId", timeout_s=scaled(20.0)))


def test_what_is_held_is_not_shown_until_it_is_said(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            front.board.serve(LOCATION, Served("reef-1", None))
            front.board.hold(LOCATION, 7, NEW)
            assert await server_id(front.target) == "reef-1"
            assert front.board.show(LOCATION, 7)
            assert await server_id(front.target) == "reef-2"

    asyncio.run(main())


def test_nothing_is_shown_of_what_is_not_listened_for(tmp_path: Path) -> None:
    """A scrape's thread asks for it while its listener closes."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            front.board.serve(LOCATION, NEW)
            assert front.board.served(LOCATION) == NEW
            await front.gateway.close(LOCATION)
            assert front.board.served(LOCATION) is None

    asyncio.run(main())


def test_a_generation_that_is_not_held_is_not_shown(tmp_path: Path) -> None:
    """A gateway that missed it must not answer for the location until it has it."""

    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            front.board.serve(LOCATION, Served("reef-1", None))
            assert not front.board.show(LOCATION, 7)
            front.board.hold(LOCATION, 7, NEW)
            assert not front.board.show(LOCATION, 8)
            assert await server_id(front.target) == "reef-1"

    asyncio.run(main())


def test_no_client_sees_a_generation_go_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with fronted(tmp_path, FakeControl()) as front:
            front.board.hold(LOCATION, 8, NEWER)
            front.board.hold(LOCATION, 7, NEW)
            assert not front.board.show(LOCATION, 7) or await server_id(front.target) == "reef-3"
            assert front.board.show(LOCATION, 8)
            front.board.hold(LOCATION, 7, NEW)
            assert front.board.show(LOCATION, 7), "something newer is shown already"
            assert await server_id(front.target) == "reef-3"

    asyncio.run(main())


def test_an_entry_asks_for_the_location_that_it_stands_for(tmp_path: Path) -> None:
    """Calls of it are the location's, and so is whatever goes wrong with them."""
    hold, entered = asyncio.Event(), asyncio.Event()

    async def answers(_request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        entered.set()
        await hold.wait()
        return b""

    class Recording(FakeControl):
        asked: tuple[str, ...] = ()

        async def endpoint(self, location: str) -> Endpoint:
            self.asked += (location,)
            return await super().endpoint(location)

    async def main() -> None:
        async with fake_server(tmp_path, answers) as target:
            control = Recording(woken=endpoint(target))
            async with fronted(tmp_path, control) as front:
                address = ListenAddress(socket=f"{tmp_path}/entry.sock")
                await front.gateway.open("its error", address, stands_for=LOCATION)
                error = synthesized_load_error("no such table", LOCATION).load_error
                front.board.serve("its error", Served("reef-e", None, error))
                async with RawClient(f"unix:{tmp_path}/entry.sock") as client:
                    call = asyncio.create_task(client.call("ExternalPartitionNames", timeout_s=scaled(20.0)))
                    await entered.wait()
                    assert front.board.in_flight(LOCATION) == 1
                    hold.set()
                    await call
                assert control.asked == (LOCATION,)
                ended = [event for event in front.events if isinstance(event, CallEnded)]
                assert {event.location for event in ended} == {LOCATION}

    asyncio.run(main())


def test_calls_are_counted_by_server_whatever_they_share(tmp_path: Path) -> None:
    """In a pack many servers are reached at one address."""
    hold = asyncio.Event()

    async def answers(_request: bytes, _context: grpc.aio.ServicerContext[Any, Any]) -> bytes:
        await hold.wait()
        return b""

    async def main() -> None:
        async with fake_server(tmp_path, answers) as target:
            control = FakeControl(now=Endpoint(target, "v1", "one"))
            async with fronted(tmp_path, control) as front:
                call = asyncio.create_task(front.raw("ExternalPartitionNames"))
                await until(lambda: front.board.in_flight_to("one") == 1)
                assert front.board.in_flight_to("another") == 0
                front.board.ended("another")
                hold.set()
                await call
                assert front.board.in_flight_to("one") == 0

    asyncio.run(main())
