"""From looks at a cluster to what each location used in a minute. No clock, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reef.decide.sizing.stretches import Stretch
from reef.hosting.contract import Child
from reef.usage.minutes import Counters, Minutes
from reef.usage.process_use import ProcessUse
from reef.viewing.counting import Counting
from reef.viewing.seen import ServerSeen

LEAST_S = 8.0  # between two looks that are counted: a page that is open looks once a second


@dataclass(frozen=True)
class _Known:
    """A server as it was when it was last looked at; `cpu_s` of its location before it was started."""

    child: Child
    cpu_s: float


class Using:
    """Collects one minute after the other, as `Minutes` does in a host; a server is one from its wake to its end."""

    def __init__(self, now: float) -> None:
        self._minutes = Minutes(now)
        self._known: dict[str, _Known] = {}
        self._cpu: dict[str, float] = {}  # seconds of each location, at the last look
        self._used: dict[str, float] = {}
        self._kills: dict[str, int] = {}
        self._looked_at = 0.0
        self._is_first = True

    def heard(self, servers: Mapping[str, ServerSeen], counting: Counting, now: float) -> None:
        """One look. What was counted before the first one is nobody's minute."""
        if now - self._looked_at < LEAST_S:
            return
        for name, server in servers.items():
            totals = counting.of(name)
            self._minutes.counted(name, Counters(totals.calls, totals.wakes, 0))
            cpu_s = totals.cpu_s + self._of_cores(name, server, now)
            if server.is_up and server.measured:
                self._saw(name, server, cpu_s, now)
            else:
                self._over(name)
            for _ in range(totals.kills - self._kills.get(name, 0)):
                self._minutes.killed(name, server.limit or 0)
            self._cpu[name], self._kills[name] = cpu_s, totals.kills
        self._forget(servers)
        self._looked_at = now
        if self._is_first:
            self._minutes.take(0, 0)
            self._is_first = False

    def take(self, start: int, seconds: float) -> dict[str, Stretch]:
        """The minute that is over; the next one begins."""
        return self._minutes.take(start, seconds)

    def _of_cores(self, name: str, server: ServerSeen, now: float) -> float:
        """Seconds so far, of a server of which somebody says how many processors it uses."""
        passed = now - self._looked_at if self._looked_at else 0.0
        self._used[name] = self._used.get(name, 0.0) + server.cores * passed
        return self._used[name]

    def _saw(self, name: str, server: ServerSeen, cpu_s: float, now: float) -> None:
        known = self._known.get(name)
        if known is None or known.child.started_at != server.woken_at:
            self._over(name)
            child = Child(name, "", "serve", 0, 0, f"{name} {server.woken_at}", True, server.woken_at)
            known = self._known[name] = _Known(child, self._cpu.get(name, cpu_s))
        self._minutes.shares(name, server.resident - server.private)
        use = ProcessUse(server.resident, server.peak or server.resident, max(0.0, cpu_s - known.cpu_s))
        self._minutes.saw(known.child, use, now, server.pss)

    def _over(self, name: str) -> None:
        if (known := self._known.pop(name, None)) is not None:
            self._minutes.gone(known.child)

    def _forget(self, servers: Mapping[str, ServerSeen]) -> None:
        for name in self._known.keys() - servers.keys():
            self._over(name)
        for kept in (self._cpu, self._used, self._kills):
            for name in kept.keys() - servers.keys():
                del kept[name]
        self._minutes.keep_only(servers)
