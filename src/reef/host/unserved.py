"""`--watch`: what was saved and does not load, shown on Dagster's own page while the version before it is served.

Each is a location entry of its own, in a workspace file that the webserver alone reads: the daemon has nothing to do
with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from reef.beside.webserver import Webserver, WebserverRefused, WebserverUnreachable
from reef.control.assembly import Assembly
from reef.control.served import server_id
from reef.decide.unserved import entries
from reef.errors import ReefError
from reef.gateway import ListenAddress
from reef.gateway.contract import Served
from reef.statedir import StateDir
from reef.workspace import write_workspace

log = logging.getLogger("reef")

LOOK_S = 1.0

AddressesFor = Callable[[tuple[str, ...]], Mapping[str, ListenAddress]]


class Unserved:
    """`begin` before the webserver starts, then `run`. `address_for` gives addresses of listeners."""

    def __init__(
        self,
        parts: Assembly,
        state: StateDir,
        webserver: Webserver,
        address_for: AddressesFor,
        say: Callable[[str], None],
    ) -> None:
        self._parts = parts
        self._file = state.unserved_file
        self._webserver = webserver
        self._address_for = address_for
        self._say = say
        self._addresses: dict[str, ListenAddress] = {}  # of the entries that are listened for
        self._shown: dict[str, str] | None = None  # as the webserver has them; None: not known
        self._refused = False

    def begin(self) -> None:
        """Blocks. Of an earlier host's entries nothing is left to listen for."""
        if not self._file.exists():
            self._shown = {}
        write_workspace(self._file, {})

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except WebserverUnreachable:
                continue  # it is starting; asked again at the next look
            except WebserverRefused as refused:
                self._refuse(str(refused))
            except (ReefError, OSError) as error:
                log.warning("what was saved and does not load cannot be shown on the page: %s", error)

    def _refuse(self, why: str) -> None:
        if not self._refused:
            self._refused = True
            self._say(f"watch: {self._webserver.url} shows no errors of what is saved: {why}")

    async def _look(self) -> None:
        places = self._parts.control.locations
        tried = {
            name: place.tried.error
            for name, place in places.items()
            if place.tried is not None and not place.leaving
        }
        wanted = entries(tried, places)
        if wanted == self._shown:
            return
        before, self._shown = self._shown, None
        await self._serve(wanted)
        try:
            await self._tell(before, wanted)
        except WebserverRefused:
            self._shown = wanted
            raise
        self._shown = wanted
        await self._end(wanted)

    async def _serve(self, wanted: Mapping[str, str]) -> None:
        gateway = self._parts.gateway
        for name, error in wanted.items():
            if name not in self._addresses:
                address = (await asyncio.to_thread(self._address_for, (name,)))[name]
                await gateway.open(name, address)
                self._addresses[name] = address
            gateway.serve(name, Served(server_id("unserved", None, error), None, error))

    async def _tell(self, before: Mapping[str, str] | None, wanted: Mapping[str, str]) -> None:
        addresses = {name: self._addresses[name] for name in wanted}
        await asyncio.to_thread(write_workspace, self._file, addresses)
        with self._parts.control.quietly():
            if before is None or before.keys() != wanted.keys():
                await self._webserver.reload_workspace()
                return
            for name in wanted:
                if before[name] != wanted[name]:
                    await self._webserver.reload_location(name)

    async def _end(self, wanted: Mapping[str, str]) -> None:
        for name in [name for name in self._addresses if name not in wanted]:
            await self._parts.gateway.close(name)
            del self._addresses[name]
