"""Reef's page over a fleet that is made up, in a process of its own: listener, status and pages are the real ones.

`page_alone.py LOCATIONS FOLDER`: prints the address, and goes on until it is told to end. Locations are real objects
of a host that has no process for any of them; every second one looks warm, and each has its notes and wakes.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from pathlib import Path
from typing import Any

from reef.events import Woken
from reef.fleet.model import Location
from reef.gateway.contract import CallEnded, CallStarted
from reef.host.status import fleet_status
from reef.hosting.contract import Child
from reef.locations.place import CodeLocation
from reef.locations.specs import with_limits
from reef.web.address import PageAddress, listening_socket, may_ask
from reef.web.answers import Answers
from reef.web.app import application
from reef.web.chronicle import Chronicle
from reef.web.listener import Listener
from reef.web.sampling import SeriesSampler
from reef.web.series import Series
from reef.web.site import Site
from reef.web.told import About, Detail, Told

OWNERS = ("commerce", "customer-care", "data-platform", "finance", "growth", "logistics", "planning", "risk")
MB = 1 << 20


class NoHosting:
    """Stands for a hosting without processes."""

    def not_forked_because(self, _name: str) -> str | None:
        return None

    def zygotes(self) -> tuple[Any, ...]:
        return ()


def places_of(count: int) -> list[CodeLocation]:
    found = []
    for number in range(count):
        limit = (256 + 64 * (number % 5)) * MB
        place = CodeLocation(
            with_limits(
                Location(f"loc_{number:04}", owner=OWNERS[number % len(OWNERS)], memory_limit_bytes=limit)
            )
        )
        if number % 2:
            child = Child(place.name, "v" * 12, "serve", 1000 + number, 1, "/s", True, time.time())
            place.serving.note_awake(child, 0.1 + number % 7 / 10, 0.1)
            place.serving.note_sample((20 + number % 90) * MB, (30 + number % 90) * MB)
        elif number % 50 == 0:
            place.serving.note_error("ModuleNotFoundError: No module named 'somewhere' (/fleet/defs.py:12)")
        found.append(place)
    return found


async def main(count: int, folder: Path) -> None:
    places = places_of(count)

    async def status() -> dict[str, Any]:
        found = await asyncio.to_thread(fleet_status, places, NoHosting(), {})
        return {**found, "fleet": {"source": "/f"}, "beside": {}, "deploy": None, "webserver_trouble": None}

    async def detail(_name: str) -> Detail:
        return Detail("", ())

    about = About("/fleet/reef.yaml", None, "/s/page-token", time.time(), False)
    chronicle, series = Chronicle(lambda _name: False), Series()
    for place in places:
        if place.child is not None:
            chronicle.observe(CallStarted(place.name, "SyncExternalSensorExecution", "forwarded"))
            chronicle.hear(Woken(place.name, place.child, 0.2, False))
            chronicle.observe(CallEnded(place.name, "SyncExternalSensorExecution", "forwarded", 0.1, "OK"))
    for number in range(60):
        series.add(time.time() - 15 * (60 - number), _moved(await status(), number))
    site, answers = Site(Told(status, detail, lambda: about, {}), chronicle, series, "t"), Answers()
    site.register(answers)
    bound = listening_socket("127.0.0.1", None, folder / "port")
    address = PageAddress("127.0.0.1", bound.getsockname()[1])
    listener = Listener(
        bound,
        address,
        lambda: application(answers, lambda host: may_ask(host, "127.0.0.1"), site.refused_page),
        site.stop,
    )
    listener.start()
    SeriesSampler(status, series).start()
    print(address.url, flush=True)
    for number in itertools.count():  # a tenth of the warm ones moves each second
        await asyncio.sleep(1)
        for place in places[number % 10 :: 10]:
            if place.child is not None:
                place.serving.note_sample((20 + number % 90) * MB, (30 + number % 90) * MB)


def _moved(status: dict[str, Any], number: int) -> dict[str, Any]:
    """Another moment of the same fleet, so that lines have something to draw."""
    rows = [
        {**row, "pss_bytes": row["pss_bytes"] * (10 + (number + index) % 9) // 14}
        for index, row in enumerate(status["locations"])
    ]
    return {**status, "locations": rows}


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
