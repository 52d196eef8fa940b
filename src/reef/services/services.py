"""All shared services of one host: a listener for each, in a folder that only the user can enter."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from typing import Any

import grpc
import grpc.aio

from reef.background import Background
from reef.calls_of_services import SIZES
from reef.fleet.model import ServiceSpec
from reef.services.calls import ServiceCalls
from reef.services.keeper import Keeper
from reef.statedir import StateDir, check_socket_path, slug

_OPTIONS = (("grpc.so_reuseport", 0), *SIZES)


class Services:
    """`open` → calls → `close`. A service is found under `folder/NAME.sock`."""

    def __init__(self, specs: Iterable[ServiceSpec], state: StateDir, environ: Mapping[str, str]) -> None:
        self.folder = state.root / "s"
        self.background = Background(logging.getLogger("reef.services"), "a shared service")
        self.keepers = {spec.name: self._keeper(spec, state, environ) for spec in specs}
        self._servers: list[grpc.aio.Server] = []

    def _keeper(self, spec: ServiceSpec, state: StateDir, environ: Mapping[str, str]) -> Keeper:
        folder = str(self.folder / slug(spec.name)[-8:])
        log = str(state.root / "logs" / f"service-{slug(spec.name)}.log")
        return Keeper(spec, environ, folder, log, self.background)

    async def open(self) -> None:
        """Raises ReefError where a socket's path is too long."""
        await asyncio.to_thread(os.makedirs, self.folder, 0o700, True)
        for name, keeper in self.keepers.items():
            path = self.folder / f"{name}.sock"
            check_socket_path(path)
            await asyncio.to_thread(os.makedirs, keeper.folder, 0o700, True)
            await asyncio.to_thread(path.unlink, True)
            server = grpc.aio.server(options=_OPTIONS)
            server.add_generic_rpc_handlers((ServiceCalls(keeper),))
            server.add_insecure_port(f"unix:{path}")
            await server.start()
            self._servers.append(server)

    def about(self) -> dict[str, Any]:
        return {name: keeper.about() for name, keeper in self.keepers.items()}

    def kill(self) -> None:
        for keeper in self.keepers.values():
            keeper.kill()

    async def close(self) -> None:
        await asyncio.gather(*(server.stop(0.5) for server in self._servers))
        await asyncio.gather(*(keeper.close() for keeper in self.keepers.values()))
        await self.background.close()
        for name in self.keepers:
            await asyncio.to_thread((self.folder / f"{name}.sock").unlink, True)
