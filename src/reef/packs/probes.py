"""Probes: a server beside the one that serves, for the controller alone, until it says that it is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from reef.background import Background
from reef.gateway.contract import Endpoint, Traffic, WakeRefused
from reef.gateway.route import Route
from reef.hosting.contract import Child, LoadReport, StartFailed
from reef.locations.serving import endpoint_of
from reef.packs.ground import Ground, Inside
from reef.packs.lines import new_route
from reef.packs.specs import running_version
from reef.peers.messages import PackLocation, ProbeReply

log = logging.getLogger("reef.packs")

KEPT_S = 600.0  # whoever asked for it may be gone
STOP_GRACE_S = 2.0


@dataclass(frozen=True)
class Probe:
    """`ends` ends it where nobody does."""

    child: Child
    ends: asyncio.TimerHandle
    route: Route


class Probes:
    """Implements `gateway.contract.Servers`, of servers that were asked for. One at a time for each location."""

    def __init__(
        self, ground: Ground, locations: Callable[[], Mapping[str, PackLocation]], traffic: Traffic
    ) -> None:
        self._ground = ground
        self._locations = locations
        self._traffic = traffic
        self._running: dict[str, Probe] = {}
        self._turns: dict[str, asyncio.Lock] = {}
        self._background = Background(log, "ending a probe")

    async def start(self, name: str) -> ProbeReply:
        """Raises KeyError for a location that is not here. Never raises for what its code does."""
        location = self._locations()[name]
        async with self._turns.setdefault(name, asyncio.Lock()):
            await self._end(name)
            spec = self._ground.make_spec(location, running_version(location), "probe")
            try:
                child = await self._ground.hosting.start(spec, location.load_timeout_s)
            except StartFailed as failure:
                log.info("%s: a probe failed: %s", name, failure.reason)
                return ProbeReply(failed=failure.reason)
            later = asyncio.get_running_loop().call_later(KEPT_S, self._end_soon, name)
            self._running[name] = Probe(child, later, new_route(name))
            log.info("%s: a probe answers, of version %s", name, location.version)
            report = await self._ground.hosting.load_report(child)
            return _reply(report, await self._ground.inside(child))

    async def end(self, name: str) -> None:
        """Returns when it is dead. Does nothing where there is none."""
        async with self._turns.setdefault(name, asyncio.Lock()):
            await self._end(name)

    async def _end(self, name: str) -> None:
        probe = self._running.pop(name, None)
        if probe is not None:
            probe.ends.cancel()
            await self._ground.hosting.stop(probe.child, STOP_GRACE_S)
            self._traffic.ended(probe.child.id)

    def _end_soon(self, name: str) -> None:
        self._background.spawn(self.end(name))

    def route(self, name: str) -> Route | None:
        probe = self._running.get(name)
        return probe.route if probe else None

    async def close(self) -> None:
        await self._background.close()
        for name in list(self._running):
            await self._end(name)

    # -- what a forwarder asks ---------------------------------------------------------------------

    def endpoint_now(self, name: str) -> Endpoint | None:
        probe = self._running.get(name)
        return endpoint_of(probe.child) if probe else None

    async def endpoint(self, name: str) -> Endpoint:
        raise WakeRefused(f"there is no probe of code location {name!r}")

    def endpoint_failed(self, name: str, endpoint: Endpoint, reason: str) -> None:
        log.warning("%s: its probe takes no connections: %s", name, reason)
        self._end_soon(name)

    async def run_endpoints(self, name: str) -> tuple[Endpoint, ...]:
        return ()

    async def cancel_orphan(self, name: str, run_id: str) -> bool:
        return False

    async def can_cancel_orphan(self, name: str, run_id: str) -> bool:
        return False

    def shutdown_wish(self, name: str) -> None:
        return


def _reply(report: LoadReport | None, inside: Inside) -> ProbeReply:
    about = ProbeReply(
        python=inside.python,
        python_version=inside.python_version,
        user=inside.user,
        cwd=inside.cwd,
        env_names=inside.env_names,
        listening=inside.listening,
    )
    if report is None:
        return about
    return replace(
        about,
        modules=dict(report.modules),
        connects=report.connects,
        starts=report.starts,
        threads=report.threads,
        load_s=report.load_s,
        private_bytes=report.private_bytes,
    )
