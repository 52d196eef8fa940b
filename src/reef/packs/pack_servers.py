"""Where a location's calls go: as on one machine, but a location may be held or leave, and the host may be ending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reef.gateway.contract import Endpoint, WakeRefused
from reef.locations.place import CodeLocation
from reef.packs.holding import Holds
from reef.serving.servers import LocalServers

NOT_HERE = "code location {name!r} is not served by this pack"


class PackServers(LocalServers):
    """Implements `gateway.contract.Servers`."""

    def __init__(self, places: Mapping[str, CodeLocation], holds: Holds, *more: Any) -> None:
        """`more` as for LocalServers, after the places."""
        super().__init__(places, *more)
        self._here = places
        self._holds = holds
        self._stopping = False

    def stop(self) -> None:
        """No server is started any more; one that is being started may answer those who wait for it."""
        self._stopping = True
        self._holds.release_all()

    def endpoint_now(self, name: str) -> Endpoint | None:
        if name not in self._here or self._holds.holds(name):
            return None
        return super().endpoint_now(name)

    async def endpoint(self, name: str) -> Endpoint:
        while True:
            await self._holds.released(name)
            if name not in self._here:
                raise WakeRefused(NOT_HERE.format(name=name), "NOT_FOUND")
            endpoint = await super().endpoint(name)
            if not self._holds.holds(name):
                return endpoint

    async def _awake(self, place: CodeLocation) -> None:
        if self._stopping and not place.serving.is_waking:
            raise WakeRefused(f"code location {place.name!r} sleeps, and its pack host is stopping")
        await super()._awake(place)

    def endpoint_failed(self, name: str, endpoint: Endpoint, reason: str) -> None:
        if name in self._here:
            super().endpoint_failed(name, endpoint, reason)

    async def run_endpoints(self, name: str) -> tuple[Endpoint, ...]:
        return await super().run_endpoints(name) if name in self._here else ()

    def shutdown_wish(self, name: str) -> None:
        if name in self._here:
            super().shutdown_wish(name)
