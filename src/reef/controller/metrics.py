"""The metrics of a controller. One that waits for the lease says only what it is itself, and imports no more."""

from __future__ import annotations

from typing import Protocol

from reef.metrics import Metrics, of_hosts
from reef.metrics.exposition import Page
from reef.metrics.own import OwnProcess
from reef.metrics.tally import Tally


class Source(Protocol):
    """What a leader knows of the locations."""

    async def look(self) -> None: ...
    def put(self, page: Page) -> None: ...


class ControllerMetrics:
    """`lead` with what the leader measures, `rest` when it leads no more. All on the event loop but `put`."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.metrics = Metrics(self.tally, (OwnProcess("controller").put, self.put), (self._look,))
        self._leader: Source | None = None

    def lead(self, leader: Source) -> None:
        self._leader = leader
        for outcome in ("ok", "failed"):
            self.tally.add(self.tally.host, of_hosts.LOOKS, outcome, number=0.0)

    def rest(self) -> None:
        self._leader = None

    def looked(self, outcome: str) -> None:
        """A look is over: `ok` or `failed`."""
        self.tally.add(self.tally.host, of_hosts.LOOKS, outcome)

    async def _look(self) -> None:
        if self._leader is not None:
            await self._leader.look()

    def put(self, page: Page) -> None:
        """A source."""
        leader = self._leader
        page.put(of_hosts.LEADS, leader is not None)
        page.put_counted(self.tally.host)
        if leader is not None:
            leader.put(page)
