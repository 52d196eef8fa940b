"""The life of one gateway process: it listens, serves on whatever goes away, and ends without failing a call."""

from __future__ import annotations

import asyncio
import logging

import grpc.aio

from reef.background import Background
from reef.errors import ReefError
from reef.gateway.address import host_and_port
from reef.gateway.tracing import NO_TRACES, Traces
from reef.gateways.assembly import Parts, assemble
from reef.gateways.contract import Cluster
from reef.gateways.settings import GatewaySettings
from reef.metrics.lag import watch_loop
from reef.peers.health import Health, live, readiness
from reef.trust.credentials import server_credentials
from reef.words import describe, fault

log = logging.getLogger("reef.gateways")

_PEER_OPTIONS = (
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", -1),  # snapshots
    ("grpc.max_send_message_length", -1),
)
PEER_GRACE_S = 1.0


class GatewayProcess:
    """`start` → `stop`. All on the event loop."""

    def __init__(self, settings: GatewaySettings, cluster: Cluster, traces: Traces = NO_TRACES) -> None:
        self._settings = settings
        self._traces = traces
        self._cluster = cluster
        self._background = Background(log, "background work of the gateway")
        self.parts: Parts

    async def start(self) -> None:
        """Returns when it answers peers and kubelet; listeners open as locations become known. Raises ReefError."""
        settings = self._settings
        self.parts = await assemble(settings, self._cluster, self._traces)
        pages = {"/livez": live, "/readyz": readiness(self.parts.missing)}
        self._health = Health(pages, self.parts.metrics.render)
        try:
            await self._health.open(settings.host, settings.health_port)
        except OSError as error:
            raise ReefError(f"port {settings.health_port} cannot be listened on: {fault(error)}") from None
        self._peers = await self._open_to_peers()
        for task in (self.parts.follower.locations, self.parts.follower.pods, self.parts.follower.keep):
            self._background.spawn(task())
        self._background.spawn(self.parts.listeners.run())
        self._background.spawn(watch_loop(self.parts.metrics.tally))
        self._background.spawn(self.parts.letting_go.run())

    async def _open_to_peers(self) -> grpc.aio.Server:
        settings = self._settings
        server = grpc.aio.server(options=_PEER_OPTIONS)
        server.add_generic_rpc_handlers((self.parts.peer.service(),))
        try:
            target = host_and_port(settings.host, settings.peer_port)
            server.add_secure_port(target, server_credentials(settings.tls))
        except RuntimeError as error:
            raise ReefError(f"port {settings.peer_port} cannot be listened on: {describe(error)}") from None
        await server.start()
        return server

    async def stop(self) -> None:
        """Not ready first, and still answering while everybody learns of it; then calls under way end."""
        settings, parts = self._settings, self.parts
        parts.stopping = True
        await asyncio.sleep(settings.linger_s)
        await self._background.close()
        await asyncio.gather(parts.gateway.aclose(settings.grace_s), self._peers.stop(PEER_GRACE_S))
        await parts.listeners.aclose()
        await parts.servers.aclose()
        await parts.peer.aclose()
        await self._health.aclose()
