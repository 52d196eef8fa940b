"""The front that speaks the code-server API for every location."""

from __future__ import annotations

import asyncio
import logging

from reef.background import Background
from reef.errors import ReefError
from reef.gateway.address import ListenAddress, prepare, protect
from reef.gateway.board import Board
from reef.gateway.contract import Observer, Reloads, Servers
from reef.gateway.desk import Desk, OnMissing
from reef.gateway.forward import Forwarder
from reef.gateway.listener import bound, started
from reef.gateway.observers import Observers
from reef.gateway.route import Route
from reef.gateway.slots import CallLimits
from reef.gateway.tracing import NO_TRACES, Traces
from reef.words import describe

SWEEP_EVERY_S = 30.0

log = logging.getLogger("reef.gateway")


class Gateway:
    """All methods on the event loop; none blocks it.

    `on_missing(location, digest)` is told once when a served snapshot turns out to be gone or damaged; calls are
    then forwarded until a new one is served.
    """

    def __init__(
        self,
        board: Board,
        servers: Servers,
        reloads: Reloads,
        observer: Observer,
        *,
        on_missing: OnMissing = lambda _location, _digest: None,
        traces: Traces = NO_TRACES,
    ) -> None:
        self.board = board
        self._observer = Observers(observer)
        self._traces = traces
        forwarder = Forwarder(servers, board.channels, traces)
        self._desk = Desk(servers, reloads, board.recorded, forwarder, on_missing)
        self._background = Background(log, "background work of the gateway")
        self._sweeps = False

    async def open(
        self,
        name: str,
        address: ListenAddress,
        limits: CallLimits | None = None,
        *,
        stands_for: str | None = None,
    ) -> None:
        """Listen for a location, or for an entry that `stands_for` one: whatever must be asked is then asked of that.
        Calls that need answers wait until some are shown.

        Raises ReefError where the address is taken or the name is listened for already.
        """
        route = Route(name, address, limits or CallLimits(), stands_for or name)
        self.board.add(route)
        try:
            await self._in_thread(prepare, address)
            route.server = bound(route, self._desk, self._observer, self.board.limits, self._traces)
            await started(route.server)
            await self._in_thread(protect, address)
        except BaseException as error:
            await self.close(name)
            if isinstance(error, RuntimeError):
                raise ReefError(f"{address.target} cannot be listened on: {describe(error)}") from None
            raise
        if not self._sweeps:
            self._sweeps = True
            self._background.spawn(self._sweep())

    async def close(self, name: str, grace_s: float = 0.0) -> None:
        """Stop listening; calls under way have `grace_s` to end. Does nothing for one that is not open."""
        route = self.board.remove(name)
        if route is not None and route.server is not None:
            await route.server.stop(grace_s)

    async def aclose(self, grace_s: float) -> None:
        """Stop all listeners together, then everything else. Idempotent."""
        await self._background.close()
        await asyncio.gather(*(self.close(name, grace_s) for name in self.board.locations()))
        await self._desk.aclose()
        await self.board.aclose()

    async def _in_thread(self, work: object, address: ListenAddress) -> None:
        await asyncio.get_running_loop().run_in_executor(self.board.executor, work, address)  # type: ignore[arg-type]

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY_S)
            self.board.channels.sweep()
