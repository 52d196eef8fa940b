"""`reef service-gate`: the process that takes the calls of a namespace's shared services."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import grpc
import grpc.aio
import msgspec

from reef.background import Background
from reef.calls_of_services import SIZES
from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.kinds import DEPLOYMENT
from reef.errors import ReefError
from reef.services.calls import ServiceCalls
from reef.services.gated import Gated, GatedService, Scale
from reef.words import describe, fault

log = logging.getLogger("reef.services")

LOOK_S = 1.0
GRACE_S = 20.0


class GateSettings(msgspec.Struct, frozen=True):
    """What its ConfigMap says."""

    services: tuple[GatedService, ...]


def read_gate(path: Path) -> GateSettings:
    """Raises ReefError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=GateSettings)
    except OSError as error:
        raise ReefError(f"{path} cannot be read: {fault(error)}") from None
    except msgspec.MsgspecError as error:
        raise ReefError(
            f"{path} is not understood: {describe(error)}", hint="`reef render` writes it"
        ) from None


async def run_gate(settings: GateSettings, namespace: str) -> None:
    """Until SIGTERM; calls under way have 20 seconds then. Raises ReefError."""
    client = Client(connection())

    async def scale(deployment: str, replicas: int) -> None:
        await client.scale(DEPLOYMENT, deployment, replicas, namespace)

    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    gate = Gate(settings, scale)
    try:
        await gate.open()
        await gate.until(ending)
    finally:
        await gate.close()
        await client.close()


class Gate:
    """`open` → calls → `close`. `host`: the address that it listens on."""

    def __init__(self, settings: GateSettings, scale: Scale, host: str = "[::]") -> None:
        self.background = Background(log, "a shared service", expected=(Exception,))
        self.gated = {one.name: Gated(one, scale, self.background) for one in settings.services}
        self._host = host
        self._servers: list[grpc.aio.Server] = []

    async def open(self) -> None:
        """Raises ReefError where nobody can listen there."""
        for one in self.gated.values():
            # Callers connect anew now and then, so that they meet another process of this kind once there is one.
            options = (("grpc.so_reuseport", 0), ("grpc.max_connection_age_ms", 60_000), *SIZES)
            server = grpc.aio.server(options=options)
            server.add_generic_rpc_handlers((ServiceCalls(one),))
            try:
                server.add_insecure_port(f"{self._host}:{one.spec.port}")
            except RuntimeError as error:
                raise ReefError(f"nobody can listen on port {one.spec.port}: {describe(error)}") from None
            await server.start()
            self._servers.append(server)
            log.info("service %s: calls are taken on port %d", one.spec.name, one.spec.port)

    async def until(self, ending: asyncio.Event) -> None:
        while not ending.is_set():
            for one in self.gated.values():
                one.look()
            try:
                await asyncio.wait_for(ending.wait(), LOOK_S)
            except TimeoutError:
                continue

    async def close(self) -> None:
        await asyncio.gather(*(server.stop(GRACE_S) for server in self._servers))
        await self.background.close()
