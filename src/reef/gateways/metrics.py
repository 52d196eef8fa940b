"""The metrics of a gateway: the calls of every location, and the wakes of those on demand."""

from __future__ import annotations

from collections.abc import Callable

from reef.gateway import Board
from reef.gateway.contract import CallEnded, CallStarted
from reef.gateways.directory import Directory
from reef.gateways.objects import Site
from reef.gateways.servers import ClusterServers
from reef.metrics import Metrics, of_locations
from reef.metrics.calls import CallCounts, method_of
from reef.metrics.exposition import Page, of_location
from reef.metrics.own import OwnProcess
from reef.metrics.tally import Tally


class GatewayCounts:
    """Hears of calls, and of pods that were scaled up for them."""

    def __init__(self, tally: Tally, directory: Directory) -> None:
        self._tally = tally
        self._directory = directory
        self._calls = CallCounts(tally, lambda name: directory.site(name) is not None)
        self._asked: dict[str, str] = {}

    def observe(self, event: CallStarted | CallEnded) -> None:
        self._calls.observe(event)
        if isinstance(event, CallStarted) and event.lane == "forwarded":
            self._asked[event.location] = method_of(event.method)

    def woken(self, name: str, seconds: float) -> None:
        """An on-demand location answers, so long after this gateway scaled it up."""
        if self._directory.site(name) is not None:
            counted = self._tally.of(name)
            self._tally.add(counted, of_locations.WAKES, self._asked.get(name, "command"))
            self._tally.observe(counted, of_locations.COLD_START, seconds=seconds)

    def forget_gone(self) -> None:
        for name in {*self._tally.known(), *self._asked} - self._directory.sites().keys():
            self._tally.forget(name)
            self._asked.pop(name, None)


class Sites:
    """A source."""

    def __init__(
        self,
        tally: Tally,
        directory: Directory,
        board: Board,
        servers: ClusterServers,
        snapshot_bytes: Callable[[str], int | None],
    ) -> None:
        self._tally = tally
        self._directory = directory
        self._board = board
        self._servers = servers
        self._snapshot_bytes = snapshot_bytes

    def put(self, page: Page) -> None:
        listened_for = set(self._board.locations())
        for name, site in self._directory.sites().items():
            where = of_location(name, site.owner)
            page.put_counted(self._tally.of(name), where)
            page.put(of_locations.HELD, self._servers.waiting(name), where)
            if name in listened_for:
                self._listened_for(page, site, where)
        page.put_counted(self._tally.host)

    def _listened_for(self, page: Page, site: Site, where: str) -> None:
        in_flight = self._board.in_flight(site.name)
        page.put(of_locations.IN_FLIGHT, in_flight, where)
        page.put(of_locations.QUEUED, max(0, in_flight - site.calls_at_once), where)
        served = self._board.served(site.name)
        if served is not None and served.snapshot and (size := self._snapshot_bytes(served.snapshot)):
            page.put(of_locations.SNAPSHOT_BYTES, size, where)


def gateway_metrics(counts: GatewayCounts, tally: Tally, sites: Sites) -> Metrics:
    async def look() -> None:
        counts.forget_gone()

    return Metrics(tally, (OwnProcess("gateway").put, sites.put), (look,))
