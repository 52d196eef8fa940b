"""Which runs a location has, while its servers are asked and runs begin. The servers are fakes: a real one cannot be
made to answer late on demand."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc.aio

from deadlines import scaled
from reef.events import Events
from reef.fleet.model import Location
from reef.gateway.contract import Traffic
from reef.guest import guard
from reef.hosting.contract import Child, Hosting
from reef.locations.place import CodeLocation
from reef.serving.resting import Rester
from reef.serving.runs import RunBook
from reef.statedir import StateDir
from reef.wire import messages


class Server(grpc.GenericRpcHandler):  # type: ignore[type-arg]
    """Answers GetCurrentRuns, when it is let."""

    def __init__(self, runs: tuple[str, ...]) -> None:
        self.runs, self.asked, self.may_answer = runs, asyncio.Event(), asyncio.Event()

    async def _answer(self, _request: bytes, _context: Any) -> bytes:
        self.asked.set()
        await self.may_answer.wait()
        return messages.current_runs_reply(self.runs)

    def service(self, _details: grpc.HandlerCallDetails) -> Any:
        return grpc.unary_unary_rpc_method_handler(self._answer)


@asynccontextmanager
async def child(folder: Path, pid: int, *runs: str) -> AsyncIterator[tuple[Child, Server]]:
    handler, server = Server(runs), grpc.aio.server()
    server.add_generic_rpc_handlers((handler,))
    socket = f"{folder}/{pid}.sock"
    server.add_insecure_port(f"unix:{socket}")
    await server.start()
    try:
        yield Child("sales", "v", "serve", pid, 1, socket, True, 0.0), handler
    finally:
        await server.stop(0)


def test_invariant_12_a_run_that_begins_while_the_servers_are_asked_is_not_overlooked(tmp_path: Path) -> None:
    """The serving child says "none" before the run began, and a draining one takes its time to answer."""

    async def main() -> None:
        place = CodeLocation(Location(name="sales", python="python"))
        runs = RunBook(StateDir(tmp_path))
        rester = Rester(cast(Hosting, None), cast(Traffic, None), runs, Events())
        async with child(tmp_path, 1) as (serving, quick), child(tmp_path, 2, "old") as (draining, slow):
            place.serving.take_up(serving, serves=True)
            place.serving.take_up(draining, serves=False)
            place.serving.note_run("over", serving.id)
            quick.may_answer.set()
            refreshing = asyncio.create_task(rester.refresh_runs(place))
            async with asyncio.timeout(scaled(10)):
                await slow.asked.wait()
                place.serving.note_run("new", serving.id)
                slow.may_answer.set()
                await refreshing
        assert place.serving.runs == {"old": draining.id, "new": serving.id}

    asyncio.run(main())


class SlowBook(RunBook):
    """FAKE: a disk on which forgetting a run takes until it is let."""

    def __init__(self, state: StateDir) -> None:
        super().__init__(state)
        self.asked, self.may_forget = asyncio.Event(), asyncio.Event()

    async def forget(self, run_id: str) -> None:
        self.asked.set()
        await self.may_forget.wait()
        await super().forget(run_id)


def test_invariant_12_a_run_that_begins_while_the_disk_is_written_is_not_overlooked(tmp_path: Path) -> None:
    async def main() -> None:
        place = CodeLocation(Location(name="sales", python="python"))
        runs = SlowBook(StateDir(tmp_path))
        rester = Rester(cast(Hosting, None), cast(Traffic, None), runs, Events())
        async with child(tmp_path, 1) as (serving, server):
            place.serving.take_up(serving, serves=True)
            place.serving.note_run("over", serving.id)
            server.may_answer.set()
            refreshing = asyncio.create_task(rester.refresh_runs(place))
            async with asyncio.timeout(scaled(10)):
                await runs.asked.wait()
                place.serving.note_run("new", serving.id)
                runs.may_forget.set()
                await refreshing
        assert place.serving.runs == {"new": serving.id}

    asyncio.run(main())


def test_the_workers_of_a_pool_are_no_runs() -> None:
    """A location that keeps a pool would never end itself where no host claims it."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(abs, (-1,)) == 1
        assert not guard.live_runs()
    event = multiprocessing.get_context("spawn").Event()
    run = multiprocessing.get_context("spawn").Process(target=event.wait, args=(30,))
    run.start()
    assert guard.live_runs()
    event.set()
    run.join(scaled(30))
    assert not guard.live_runs()
