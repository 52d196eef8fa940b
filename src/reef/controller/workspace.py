"""Dagster's webserver is told of locations that come and go: it reads its workspace file only when it is asked to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from reef.beside.webserver import Webserver, WebserverRefused, WebserverUnreachable
from reef.words import describe

log = logging.getLogger("reef.controller")

FIRST_S = 2.0
LONGEST_S = 30.0


class Workspace:
    """Kubelet brings a changed ConfigMap to a pod within a minute or two; so the webserver is asked again until it
    lists what is there. `url` "" for none."""

    def __init__(self, url: str) -> None:
        self._webserver = Webserver(url) if url else None
        self._wanted: frozenset[str] = frozenset()
        self._changed = asyncio.Event()

    def follow(self, names: Sequence[str]) -> None:
        wanted = frozenset(names)
        if wanted != self._wanted:
            self._wanted = wanted
            self._changed.set()

    async def run(self) -> None:
        """Until it is cancelled."""
        if self._webserver is None:
            return
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self._until_listed(self._webserver)

    async def _until_listed(self, webserver: Webserver) -> None:
        wait_s, told = FIRST_S, ""
        while not self._changed.is_set():
            try:
                if await webserver.listed() == self._wanted:
                    return
                await webserver.reload_workspace()
                if await webserver.listed() == self._wanted:
                    log.info("the webserver lists %d locations", len(self._wanted))
                    return
            except (WebserverRefused, WebserverUnreachable) as error:
                if told != (told := describe(error)):
                    log.info("the webserver cannot be told of the workspace: %s", told)
            await asyncio.sleep(wait_s)
            wait_s = min(LONGEST_S, wait_s * 1.5)
