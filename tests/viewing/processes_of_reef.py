"""Processes that answer `/metrics` as gateways, packs and controllers do: the exposition and the listener are the real
ones, what they say is the test's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from reef.metrics import of_hosts, of_locations
from reef.metrics.exposition import TEXT, Page, of_location
from reef.metrics.tally import Tally
from reef.peers.health import Health

MB = 1_000_000


@dataclass
class SaidOfOne:
    """Of a packed location."""

    owner: str = "finance"
    state: str = "asleep"
    private: int = 0
    pss: int = 0
    resident: int = 0
    peak: int = 0
    limit: int = 512 * MB


@dataclass
class SayingProcess:
    """`tally` counts as a real one does; `locations` are said as a pack host says them."""

    locations: dict[str, SaidOfOne] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    own_pss: int = 20 * MB

    def text(self) -> bytes:
        page = Page()
        page.put(of_hosts.PROCESS_PSS, self.own_pss)
        for name, one in self.locations.items():
            where = of_location(name, one.owner)
            for state in of_locations.STATES:
                page.put(of_locations.STATE, state == one.state, where, state)
            page.put(of_locations.PRIVATE, one.private, where)
            page.put(of_locations.PSS, one.pss, where)
            page.put(of_locations.RESIDENT, one.resident, where)
            if one.peak:
                page.put(of_locations.PEAK, one.peak, where)
            page.put(of_locations.LIMIT, one.limit, where)
        for name in self.tally.known():
            page.put_counted(self.tally.of(name), of_location(name, self.owner_of(name)))
        return page.text(open_metrics=False)

    def owner_of(self, name: str) -> str:
        return self.locations[name].owner if name in self.locations else "finance"

    def wakes(self, name: str, reason: str, at: float, seconds: float) -> None:
        """Its server was started, and is warm."""
        one, counted = self.locations[name], self.tally.of(name)
        one.state, one.private, one.pss, one.resident = "warm", 30 * MB, 45 * MB, 120 * MB
        self.tally.add(counted, of_locations.WAKES, reason)
        self.tally.observe(counted, of_locations.COLD_START, seconds=seconds)
        counted.numbers[(of_locations.WOKEN_AT.name,)] = at

    def sleeps(self, name: str) -> None:
        one = self.locations[name]
        one.state, one.private, one.pss, one.resident = "asleep", 0, 0, 0
        self.tally.add(self.tally.of(name), of_locations.SLEEPS, "idle")

    def called(
        self, name: str, method: str, number: int = 1, outcome: str = "OK", lane: str = "forwarded"
    ) -> None:
        self.tally.add(self.tally.of(name), of_locations.CALLS, method, lane, outcome, number=number)


async def listening(said: Callable[[], bytes], host: str, port: int) -> Health:
    async def render(_accept: str | None) -> tuple[str, bytes]:
        return TEXT, said()

    health = Health({}, render)
    await health.open(host, port)
    return health
