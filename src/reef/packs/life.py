"""The life of one pack host: start, stop."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import grpc.aio

from reef.errors import ReefError
from reef.gateway.listener import server_options, started
from reef.metrics.lag import watch_loop
from reef.packs.assembly import Assembly, assemble
from reef.packs.ground import MakeGround
from reef.packs.settings import PackSettings
from reef.peers.health import Health, live, readiness
from reef.peers.messages import PackConfig
from reef.statedir import HostLock, StateDir
from reef.trust.credentials import server_credentials
from reef.wire.limits import message_limits
from reef.words import describe, fault

if TYPE_CHECKING:
    from reef.traces.otel import OtelTraces

log = logging.getLogger("reef.packs")

LAST_S = 0.5  # for replies that are on their way


class PackHost:
    """`start`, then `stop`. Inside a running event loop."""

    def __init__(
        self,
        settings: PackSettings,
        make_ground: MakeGround,
        state: StateDir,
        lock: HostLock,
        traces: OtelTraces | None = None,
    ) -> None:
        self._settings = settings
        self._make_ground = make_ground
        self._state = state
        self._lock = lock
        self._traces = traces
        pages = {"/livez": live, "/readyz": readiness(self._missing)}
        self._health = Health(pages, self._metrics)
        self._listens = False
        self._stopping = False
        self._loop_task: asyncio.Task[None] | None = None
        self._server: grpc.aio.Server
        self._parts: Assembly | None = None

    async def start(self) -> None:
        """Raises ReefError for what must be mended: files, ports."""
        settings, limits = self._settings, message_limits()
        credentials = await asyncio.to_thread(server_credentials, settings.tls)
        made = (self._make_ground, self._state, self._lock, limits, self._traces)
        self._parts = parts = assemble(settings, *made)
        try:
            await self._health.open(settings.host, settings.health_port)
        except OSError as error:
            raise ReefError(f"port {settings.health_port} cannot be listened on: {fault(error)}") from None
        config = await asyncio.to_thread(parts.configurations.newest)
        if config is not None:
            await parts.fleet.use(config)
            await self._kept(parts, config)
        await parts.adopter.adopt()  # before a call starts a second server
        self._server = grpc.aio.server(
            handlers=(parts.service.handler(), parts.api), options=server_options(limits)
        )
        where = f"{settings.host or '[::]'}:{settings.peer_port}"
        try:
            self._server.add_secure_port(where, credentials)
        except RuntimeError as error:
            raise ReefError(f"port {settings.peer_port} cannot be listened on: {describe(error)}") from None
        await started(self._server)
        self._listens = True
        self._loop_task = asyncio.create_task(parts.loop.run())
        parts.background.spawn(parts.lines.sweep())
        parts.background.spawn(watch_loop(parts.metrics.tally))
        log.info(
            "listening for peers on port %d, for kubelet on %d", settings.peer_port, settings.health_port
        )

    async def _kept(self, parts: Assembly, config: PackConfig) -> None:
        try:
            await asyncio.to_thread(parts.configurations.keep, config)
        except OSError as error:
            log.error("the configuration cannot be kept for a restart: %s", describe(error))

    async def _metrics(self, accept: str | None) -> tuple[str, bytes]:
        assert self._parts is not None  # made before anything listens
        return await self._parts.metrics.render(accept)

    def _missing(self) -> tuple[str, ...]:
        """For readiness: containers are not waited for."""
        if self._stopping:
            return ("it is stopping",)
        if not self._listens:
            return ("it does not listen yet",)
        without = self._parts is None or self._parts.fleet.generation is None
        return ("it has no configuration yet",) if without else ()

    async def stop(self) -> None:
        """Calls under way have their grace to end, then every server is ended."""
        self._stopping = True
        parts = self._parts
        if parts is None:
            return
        parts.servers.stop()
        if self._loop_task is not None:
            self._loop_task.cancel()
            await parts.api.stop(self._settings.grace_s)
            await self._server.stop(LAST_S)
        await parts.probes.close()
        await parts.background.close()
        await parts.rester.close()
        await parts.lines.channels.aclose()
        await parts.ground.hosting.close(leave_children=False)
        await self._health.aclose()
