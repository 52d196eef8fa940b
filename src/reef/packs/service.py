"""The service `reef.v1.Pack`: what the controller asks and tells."""

from __future__ import annotations

import asyncio

import grpc

from reef.locations.place import CodeLocation
from reef.packs.configuration import Configurations
from reef.packs.fleet import PackFleet
from reef.packs.ground import Ground
from reef.packs.holding import Holds
from reef.packs.lines import Lines
from reef.packs.pack_servers import NOT_HERE, PackServers
from reef.packs.probes import Probes
from reef.packs.told import pack_state, under_way
from reef.peers.messages import (
    PACK,
    Acted,
    InFlight,
    Nothing,
    OneLocation,
    PackConfig,
    PackState,
    ProbeReply,
    Role,
)
from reef.peers.pack_config import fault_of
from reef.peers.rpc import Method, PeerRefused, Service
from reef.serving.resting import Rester
from reef.words import describe

BUSY = "not idle: it has calls or live runs"
CALLERS: tuple[Role, ...] = ("controller",)


class PackService:
    """A method for each of the service's."""

    def __init__(
        self,
        configurations: Configurations,
        fleet: PackFleet,
        servers: PackServers,
        ground: Ground,
        lines: Lines,
        rester: Rester,
        holds: Holds,
        probes: Probes,
    ) -> None:
        self._configurations = configurations
        self._fleet = fleet
        self._servers = servers
        self._ground = ground
        self._lines = lines
        self._rester = rester
        self._holds = holds
        self._probes = probes
        self._using = asyncio.Lock()

    def handler(self) -> Service:
        methods = (
            Method("State", Nothing, self.state),
            Method("Use", PackConfig, self.use),
            Method("Probe", OneLocation, self.probe),
            Method("EndProbe", OneLocation, self.end_probe),
            Method("Hold", OneLocation, self.hold),
            Method("Release", OneLocation, self.release),
            Method("Wake", OneLocation, self.wake),
            Method("Sleep", OneLocation, self.sleep),
        )
        return Service(PACK, methods, CALLERS)

    async def state(self, _nothing: Nothing) -> PackState:
        return pack_state(self._fleet, self._ground, self._lines)

    async def use(self, config: PackConfig) -> PackState:
        """Whatever is older than what is served is passed over: the state says which generation is."""
        if (wrong := fault_of(config)) is not None:
            raise PeerRefused(grpc.StatusCode.INVALID_ARGUMENT, wrong)
        async with self._using:
            if self._fleet.is_newer(config):
                await self._keep(config)
                await self._fleet.use(config)
        return pack_state(self._fleet, self._ground, self._lines)

    async def _keep(self, config: PackConfig) -> None:
        try:
            await asyncio.to_thread(self._configurations.keep, config)
        except OSError as error:
            raise PeerRefused(
                grpc.StatusCode.RESOURCE_EXHAUSTED, f"it cannot be kept: {describe(error)}"
            ) from None

    async def probe(self, one: OneLocation) -> ProbeReply:
        self._place(one)
        return await self._probes.start(one.name)

    async def end_probe(self, one: OneLocation) -> Nothing:
        await self._probes.end(one.name)
        return Nothing()

    async def hold(self, one: OneLocation) -> InFlight:
        """Where nothing is under way any more its server is ended before its container. A start counts as a call."""
        place = self._place(one)
        self._holds.hold(one.name)
        await self._rester.refresh_runs(place)
        calls = under_way(place, self._lines) + len(place.serving.runs) + place.serving.is_waking
        if not calls:
            await self._rester.sleep(place, "its container is to be replaced", force=True)
        return InFlight(calls)

    async def release(self, one: OneLocation) -> Nothing:
        self._holds.release(one.name)
        return Nothing()

    async def wake(self, one: OneLocation) -> Acted:
        why = await self._servers.wake_up(self._place(one))
        return Acted("warm") if why is None else Acted("failed", why)

    async def sleep(self, one: OneLocation) -> Acted:
        """One that a call or a run needs stays."""
        place = self._place(one)
        if not place.serving.is_waking and await self._rester.sleep(place, "somebody asked for it"):
            return Acted("asleep")
        return Acted("warm", BUSY)

    def _place(self, one: OneLocation) -> CodeLocation:
        place = self._fleet.places.get(one.name)
        if place is None:
            raise PeerRefused(grpc.StatusCode.NOT_FOUND, NOT_HERE.format(name=one.name))
        return place
