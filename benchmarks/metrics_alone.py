"""The gateway with N listeners, with or without metrics: `python metrics_alone.py FOLDER N on|off`.

No server is behind it. With metrics, each location has what a day of Dagster's calls leaves (all lanes, wakes, sleeps),
and `/metrics` is answered over HTTP as a host answers it. Prints `listening PORT` (0 without metrics).
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from reef.events import Slept, Woken
from reef.fleet.model import Location
from reef.gateway import Board, Gateway, ListenAddress
from reef.gateway.contract import CallEnded, CallStarted, Reloads, Served, Servers
from reef.gateway.observers import Observers
from reef.hosting.contract import Child
from reef.locations.place import CodeLocation
from reef.records.served import ServedRecord
from reef.snapshots import SnapshotStore

DAY = (
    ("GetServerId", "answered"),
    ("Ping", "answered"),
    ("ListRepositories", "recorded"),
    ("ExternalRepository", "recorded"),
    ("ExternalJob", "recorded"),
    ("GetCurrentImage", "recorded"),
    ("ReloadCode", "held"),
    ("SyncExternalSensorExecution", "forwarded"),
    ("SyncExternalScheduleExecution", "forwarded"),
    ("StartRun", "forwarded"),
    ("GetCurrentRuns", "by_run"),
)


def places_of(count: int) -> dict[str, CodeLocation]:
    """All warm; the process of each is this one."""
    places = {}
    for number in range(count):
        name = f"loc_{number:04}"
        place = CodeLocation(Location(name, owner=f"team-{number % 20}", memory_limit_bytes=1 << 30))
        place.release.promote(
            ServedRecord(name, f"{number:064x}", f"id-of-{name}", f"{number:064x}", recorded_at=1.0)
        )
        place.serving.note_awake(_child(place), 0.1, 0.1)
        place.serving.note_sample(20 << 20, 40 << 20)
        places[name] = place
    return places


def _child(place: CodeLocation) -> Child:
    return Child(place.name, "1", "serve", os.getpid(), 1, f"/x/{place.name}", True, 1.0)


async def answered(places: Mapping[str, CodeLocation], board: Board, calls: Observers) -> Any:
    """The HTTP listener with `/metrics`, as `reef.host.web` has it; and everything a day leaves counted."""
    from reef.background import Background
    from reef.host.status import standing_estimate_bytes
    from reef.metrics import Metrics
    from reef.metrics.calls import CallCounts
    from reef.metrics.cpu import CpuMeter
    from reef.metrics.fleet import FleetMemory
    from reef.metrics.hearing import Hearing
    from reef.metrics.lag import watch_loop
    from reef.metrics.live import LivePlaces
    from reef.metrics.own import OwnProcess
    from reef.metrics.released import Releases
    from reef.metrics.tally import Tally
    from reef.web.address import PageAddress, listening_socket
    from reef.web.answers import Answer, Answers, Asked
    from reef.web.app import application
    from reef.web.listener import Listener

    tally = Tally()
    hearing, cpu, counts = Hearing(tally, places), CpuMeter(places), CallCounts(tally, places.__contains__)
    calls.add(hearing.observe)
    calls.add(counts.observe)
    for name, place in places.items():
        for method, lane in DAY:
            counts.observe(CallEnded(name, method, lane, 0.01, "OK"))
        hearing.hear(Woken(name, _child(place), 0.1, False))
        hearing.hear(Slept(name, _child(place), "idle for 60 s"))
    own = OwnProcess("host")
    sources = (
        own.put,
        LivePlaces(tally, places, cpu, board.in_flight).put,
        Releases(places, lambda _digest: 60_000).put,
        FleetMemory(own, places, lambda: (), standing_estimate_bytes).put,
    )

    async def look() -> None:
        hearing.note_states()

    metrics, answers = Metrics(tally, sources, (look, cpu.look)), Answers()

    async def scraped(asked: Asked) -> Answer:
        content_type, body = await metrics.render(asked.headers.get("accept"))
        return Answer(body, content_type)

    answers.get("/metrics", scraped)
    bound = listening_socket("127.0.0.1", None, Path(sys.argv[1]) / "page-port")
    address = PageAddress("127.0.0.1", bound.getsockname()[1])
    listener = Listener(bound, address, lambda: application(answers, lambda _host: True, _refused), _nothing)
    listener.start()
    Background(logging.getLogger("reef"), "the lag of the loop").spawn(watch_loop(tally))
    return listener


async def run(folder: Path, count: int, on: bool) -> None:
    """Serve until SIGTERM; no call but polls is expected."""
    places, board, calls = (
        places_of(count),
        Board(SnapshotStore(folder / "snapshots", 1 << 20)),
        Observers(_nobody),
    )
    gateway = Gateway(board, cast(Servers, None), cast(Reloads, None), calls)
    for name in places:
        await gateway.open(name, ListenAddress(socket=str(folder / f"{name}.sock")))
        board.serve(name, Served(server_id=f"id-of-{name}", snapshot=None))
    listener = await answered(places, board, calls) if on else None
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    print(f"listening {listener.address.port if listener else 0}", flush=True)
    await stop.wait()
    if listener is not None:
        await listener.stop()
    await gateway.aclose(0.5)


def _refused(_asked: Any, refusal: Any) -> Any:
    """Nothing is refused here."""
    raise refusal


async def _nothing() -> None: ...


def _nobody(_event: CallStarted | CallEnded) -> None:
    """The host's own observer costs the same in both."""


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "on"))
