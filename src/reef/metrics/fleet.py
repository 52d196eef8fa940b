"""What the servers and zygotes of one host take together, and what the fleet would take without Reef."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from reef.hosting.contract import ZygoteStatus
from reef.locations.place import CodeLocation
from reef.metrics import of_hosts, of_locations
from reef.metrics.exposition import Page, of_location
from reef.metrics.of_hosts import BASELINE_METHOD
from reef.metrics.own import OwnProcess, machine_memory

Estimate = Callable[[CodeLocation, Sequence[ZygoteStatus]], int]
"""Bytes that a server of its own would take; 0 where nothing was measured."""


@dataclass(frozen=True)
class FleetMemory:
    """A source, after that of the own process. `estimate` None: nobody can say, as in a pack, where the cluster's own
    figures do."""

    own: OwnProcess
    places: Mapping[str, CodeLocation]
    zygotes: Callable[[], Sequence[ZygoteStatus]]
    estimate: Estimate | None = None
    budget: Callable[[], int | None] = lambda: None
    file_error: Callable[[], object] | None = None

    def put(self, page: Page) -> None:
        places, zygotes = list(self.places.values()), self.zygotes()
        in_zygotes = sum(zygote.memory.pss for zygote in zygotes if zygote.memory)
        servers = sum(place.serving.pss_bytes for place in places if place.child is not None)
        used = self.own.pss_bytes + in_zygotes + servers
        page.put(of_hosts.ZYGOTES, len(zygotes))
        page.put(of_hosts.ZYGOTES_PSS, in_zygotes)
        page.put(of_hosts.USED, used)
        self._estimated(page, places, zygotes, used)
        if (budget := self.budget()) is not None:
            page.put(of_hosts.BUDGET, budget)
        if self.file_error is not None:
            page.put(of_hosts.FLEET_ERROR, self.file_error() is not None)
        total, available = machine_memory()
        page.put(of_hosts.MACHINE_MEMORY, total)
        page.put(of_hosts.MACHINE_AVAILABLE, available)

    def _estimated(
        self, page: Page, places: Sequence[CodeLocation], zygotes: Sequence[ZygoteStatus], used: int
    ) -> None:
        if self.estimate is None:
            return
        baseline = 0
        for place in places:
            if alone := self.estimate(place, zygotes):
                page.put(of_locations.STANDING, alone, of_location(place.name, place.spec.owner))
                baseline += alone
        page.put(of_hosts.BASELINE, baseline, "", BASELINE_METHOD)
        page.put(of_hosts.SAVED, baseline - used, "", BASELINE_METHOD)
