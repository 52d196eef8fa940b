"""A listener for each location, at the port that its CodeLocation names."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from reef.background import Background
from reef.errors import ReefError
from reef.gateway import CallLimits, Gateway, ListenAddress
from reef.gateways.objects import Site

log = logging.getLogger("reef.gateways")

GRACE_S = 30.0
AGAIN_S = 5.0
AT_ONCE = 16


class Listeners:
    """`opened` is awaited before the first call of a location is answered, and shows what is to be shown."""

    def __init__(
        self,
        gateway: Gateway,
        host: str,
        sites: Callable[[], Mapping[str, Site]],
        opened: Callable[[str], Awaitable[None]],
    ) -> None:
        self._gateway = gateway
        self._host = host
        self._sites = sites
        self._opened = opened
        self._ports: dict[str, int] = {}
        self._look = asyncio.Event()
        self._closing = Background(log, "closing a listener")

    def changed(self) -> None:
        """There may be other sites now."""
        self._look.set()

    @property
    def settled(self) -> bool:
        """Whether all that is known is listened for."""
        return self._ports.keys() >= self._sites().keys()

    async def run(self) -> None:
        while True:
            self._look.clear()
            failed = await self._sync()
            try:
                async with asyncio.timeout(AGAIN_S if failed else None):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def aclose(self) -> None:
        await self._closing.close()

    async def _sync(self) -> bool:
        """Whether some could not be opened. Closing comes first: a port may go from one location to another."""
        wanted = dict(self._sites())
        old = [
            name
            for name, port in self._ports.items()
            if name not in wanted or wanted[name].gateway_port != port
        ]
        await asyncio.gather(*map(self._close, old))
        for name in wanted.keys() & self._ports.keys():
            self._gateway.board.limit(name, CallLimits(concurrent=wanted[name].calls_at_once))
        new = [site for name, site in wanted.items() if name not in self._ports]
        results: list[bool] = []
        for first in range(0, len(new), AT_ONCE):
            results += await asyncio.gather(*map(self._open, new[first : first + AT_ONCE]))
        return not all(results)

    async def _open(self, site: Site) -> bool:
        address = ListenAddress(host=self._host, port=site.gateway_port)
        try:
            await self._gateway.open(site.name, address, CallLimits(concurrent=site.calls_at_once))
        except ReefError as error:
            log.warning("%s: %s", site.name, error.message)
            return False
        self._ports[site.name] = site.gateway_port
        await self._opened(site.name)
        return True

    async def _close(self, name: str) -> None:
        """It listens no more when this returns; calls under way go on for a while."""
        del self._ports[name]
        closing = self._closing.spawn(self._gateway.close(name, GRACE_S))
        await asyncio.wait({closing}, timeout=0.5)
        log.info("%s: no longer listened for", name)
