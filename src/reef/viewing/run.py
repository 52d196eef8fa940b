"""One page process from its start to its signal. Kubelet is answered before all of it is imported, which takes some
seconds where processors are scarce."""

from __future__ import annotations

import asyncio
import importlib
import os
from typing import TYPE_CHECKING

from reef.errors import ReefError
from reef.logs import write_to_stderr
from reef.peers.health import TEXT, Health, live, readiness
from reef.process import stop_wanted
from reef.viewing.settings import ViewSettings
from reef.words import fault

if TYPE_CHECKING:
    from reef.viewing.page_process import PageProcess

SETTLED_S = 20.0


class _Starting:
    """What kubelet and a scraper are answered, also while there is no process yet."""

    def __init__(self) -> None:
        self._process: PageProcess | None = None

    def begins(self, process: PageProcess) -> None:
        self._process = process

    def missing(self) -> tuple[str, ...]:
        return self._process.missing() if self._process is not None else ("it is being loaded",)

    async def render(self, accept: str | None) -> tuple[str, bytes]:
        return await self._process.render(accept) if self._process is not None else (TEXT, b"")


async def run(settings: ViewSettings) -> None:
    """Until SIGTERM. Raises ReefError where it cannot start."""
    write_to_stderr(os.environ)
    stop = stop_wanted()
    starting = _Starting()
    health = Health({"/livez": live, "/readyz": readiness(starting.missing)}, starting.render)
    try:
        await health.open("", settings.health_port)
    except OSError as error:
        raise ReefError(f"port {settings.health_port} cannot be listened on: {fault(error)}") from None
    try:
        await asyncio.to_thread(importlib.import_module, "reef.viewing.page_process")
        await _serve(settings, starting, stop)
    finally:
        await health.aclose()


async def _serve(settings: ViewSettings, starting: _Starting, stop: asyncio.Event) -> None:
    from reef.cluster.client import Client
    from reef.cluster.connecting import connection
    from reef.thrift import give_back, one_arena
    from reef.viewing.page_process import PageProcess

    one_arena()
    client = Client(connection(), timeout_s=15.0)
    process = PageProcess(settings, client)
    try:
        starting.begins(process)
        await process.start()
        asyncio.get_running_loop().call_later(SETTLED_S, give_back)
        await stop.wait()
    finally:
        await process.stop()
        await client.close()
