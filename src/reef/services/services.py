"""All shared services of one host: a listener for each, in a folder that only the user can enter."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from reef.background import Background
from reef.calls_of_services import SIZES
from reef.decide.services_changed import ServicesChanged, services_changed
from reef.fleet.model import ServiceSpec
from reef.services.calls import Removed, ServiceCalls
from reef.services.keeper import Keeper
from reef.statedir import StateDir, check_socket_path, slug

_OPTIONS = (("grpc.so_reuseport", 0), *SIZES)


@dataclass
class _Listening:
    """One service while it is listened for. `server` outlives a change of what it is."""

    keeper: Keeper
    calls: ServiceCalls
    server: grpc.aio.Server


class Services:
    """`open` → calls, `follow` → `close`. A service is found under `folder/NAME.sock`."""

    def __init__(self, specs: Iterable[ServiceSpec], state: StateDir, environ: Mapping[str, str]) -> None:
        self.folder = state.root / "s"
        self.background = Background(logging.getLogger("reef.services"), "a shared service")
        self._specs = {spec.name: spec for spec in specs}
        self._state, self._environ = state, environ
        self._listening: dict[str, _Listening] = {}
        self._going: list[Keeper] = []
        self._made = 0
        self._lock = asyncio.Lock()

    @property
    def keepers(self) -> dict[str, Keeper]:
        """By name; those that are on their way out are not among them."""
        return {name: one.keeper for name, one in self._listening.items()}

    def check(self, specs: Iterable[ServiceSpec]) -> None:
        """Raises ReefError where a socket's path is too long."""
        for spec in specs:
            check_socket_path(self._path(spec.name))

    async def open(self) -> None:
        """Raises ReefError where a socket's path is too long."""
        await asyncio.to_thread(os.makedirs, self.folder, 0o700, True)
        self.check(self._specs.values())
        for spec in self._specs.values():
            await self._listen(spec)

    async def follow(self, specs: Iterable[ServiceSpec]) -> ServicesChanged:
        """These are offered from now on; what has changed of them. Calls under way end with what they began with.
        Raises ReefError, and nothing changes, where a socket's path is too long."""
        wanted = {spec.name: spec for spec in specs}
        self.check(wanted.values())
        async with self._lock:
            found = services_changed(self._specs, wanted)
            self._specs = wanted
            for name in found.removed:
                await self._leave(name)
            for name in found.changed:
                await self._replace(wanted[name])
            for name in found.added:
                await self._listen(wanted[name])
        return found

    async def _listen(self, spec: ServiceSpec) -> None:
        path = self._path(spec.name)
        keeper = await self._keeper(spec)
        await asyncio.to_thread(path.unlink, True)
        server = grpc.aio.server(options=_OPTIONS)
        calls = ServiceCalls(keeper)
        server.add_generic_rpc_handlers((calls,))
        server.add_insecure_port(f"unix:{path}")
        await server.start()
        self._listening[spec.name] = _Listening(keeper, calls, server)

    async def _replace(self, spec: ServiceSpec) -> None:
        """The next call starts it anew, with its settings as they are now."""
        one = self._listening[spec.name]
        before, one.keeper = one.keeper, await self._keeper(spec)
        one.calls.use(one.keeper)
        self._end(before)

    async def _leave(self, name: str) -> None:
        """Calls under way end; who calls now finds nobody."""
        one = self._listening.pop(name)
        one.calls.use(Removed())
        await asyncio.to_thread(self._path(name).unlink, True)
        self.background.spawn(one.server.stop(one.keeper.spec.start_timeout_s))
        self._end(one.keeper)

    def _end(self, keeper: Keeper) -> None:
        self._going.append(keeper)
        self.background.spawn(self._ended(keeper))

    async def _ended(self, keeper: Keeper) -> None:
        await keeper.drained()
        await keeper.close()
        self._going.remove(keeper)

    async def _keeper(self, spec: ServiceSpec) -> Keeper:
        """In a folder of its own: the process of the one before may still be ending in its."""
        self._made += 1
        folder = str(self.folder / f"{slug(spec.name)[-8:]}{self._made}")
        await asyncio.to_thread(os.makedirs, folder, 0o700, True)
        log = str(self._state.root / "logs" / f"service-{slug(spec.name)}.log")
        return Keeper(spec, self._environ, folder, log, self.background)

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.sock"

    def about(self) -> dict[str, Any]:
        return {name: keeper.about() for name, keeper in self.keepers.items()}

    def kill(self) -> None:
        for keeper in (*self.keepers.values(), *self._going):
            keeper.kill()

    async def close(self) -> None:
        listening = list(self._listening.values())
        await asyncio.gather(*(one.server.stop(0.5) for one in listening))
        await asyncio.gather(*(keeper.close() for keeper in (*self.keepers.values(), *self._going)))
        await self.background.close()
        for name in self._listening:
            await asyncio.to_thread(self._path(name).unlink, True)
