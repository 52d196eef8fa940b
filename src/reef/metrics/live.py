"""What each location is now, read from the live state of a process that serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reef.locations.place import CodeLocation
from reef.metrics import of_locations
from reef.metrics.cpu import CpuMeter
from reef.metrics.exposition import Page, of_location
from reef.metrics.of_locations import STATES
from reef.metrics.tally import Tally


class LivePlaces:
    """A source. `in_flight` are a location's forwarded calls; None where another process counts calls."""

    def __init__(
        self,
        tally: Tally,
        places: Mapping[str, CodeLocation],
        cpu: CpuMeter,
        in_flight: Callable[[str], int] | None,
    ) -> None:
        self._tally = tally
        self._places = places
        self._cpu = cpu
        self._in_flight = in_flight

    def put(self, page: Page) -> None:
        cpu = self._cpu.seconds()
        for place in list(self._places.values()):
            where = of_location(place.name, place.spec.owner)
            page.put_counted(self._tally.of(place.name), where)
            self._serving(page, place, where)
            if (seconds := cpu.get(place.name)) is not None:
                page.put(of_locations.CPU, seconds, where)
            if self._in_flight is not None:
                self._calls(page, place, where, self._in_flight(place.name))
        page.put_counted(self._tally.host)

    def _serving(self, page: Page, place: CodeLocation, where: str) -> None:
        now, state = place.serving, place.state
        for each in STATES:
            page.put(of_locations.STATE, each == state, where, each)
        private, pss = (now.private_bytes, now.pss_bytes) if now.child is not None else (0, 0)
        page.put(of_locations.PRIVATE, private, where)
        page.put(of_locations.SHARED, max(0, pss - private), where)
        page.put(of_locations.PSS, pss, where)
        page.put(of_locations.RESIDENT, now.rss_bytes if now.child is not None else 0, where)
        if now.child is not None and now.peak_bytes:
            page.put(of_locations.PEAK, now.peak_bytes, where)
        if (limit := place.spec.memory_limit_bytes) is not None:
            page.put(of_locations.LIMIT, limit, where)
        page.put(of_locations.LIVE_RUNS, len(now.runs), where)
        page.put(of_locations.DRAINING, len(now.draining), where)

    def _calls(self, page: Page, place: CodeLocation, where: str, in_flight: int) -> None:
        page.put(of_locations.IN_FLIGHT, in_flight, where)
        page.put(of_locations.QUEUED, max(0, in_flight - place.spec.max_concurrent_calls), where)
        page.put(of_locations.HELD, place.serving.waiting, where)
