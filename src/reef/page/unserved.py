"""New code that does not load, shown on Dagster's own page while the version before it is served.

Each is a location entry of its own, in a workspace file that the webserver alone reads: the daemon has nothing to do
with it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from reef.beside.webserver import Webserver, WebserverRefused, WebserverUnreachable
from reef.decide.error_entries import Entry, entries
from reef.errors import ReefError
from reef.gateway import Gateway, ListenAddress
from reef.gateway.contract import Served
from reef.locations.place import CodeLocation
from reef.records.served import server_id
from reef.releasing.quiet import Quiet
from reef.statedir import StateDir
from reef.words import describe
from reef.workspace import AddressesFor, write_workspace

log = logging.getLogger("reef")

LOOK_S = 1.0


class Unserved:
    """`begin` before the webserver starts, then `run`. `address_for` gives addresses of listeners."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        gateway: Gateway,
        quiet: Quiet,
        state: StateDir,
        webserver: Webserver,
        address_for: AddressesFor,
        say: Callable[[str], None],
    ) -> None:
        self._places = places
        self._gateway = gateway
        self._quiet = quiet
        self._file = state.unserved_file
        self._webserver = webserver
        self._address_for = address_for
        self._say = say
        self._addresses: dict[str, ListenAddress] = {}  # of the entries that are listened for
        self._shown: dict[str, Entry] | None = None  # as the webserver has them; None: not known
        self._warned = ""

    def begin(self) -> None:
        """Blocks. Of an earlier host's entries nothing is left to listen for; a webserver that it left running may
        still show them."""
        before = self._file.read_bytes() if self._file.exists() else None
        write_workspace(self._file, {})
        if before in (None, self._file.read_bytes()):
            self._shown = {}

    async def run(self) -> None:
        """Ends when the webserver will not show them, else only when it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                await self._look()
            except WebserverUnreachable:
                continue  # it is starting; asked again at the next look
            except WebserverRefused as refused:
                self._say(
                    f"{self._webserver.url} does not show new code that does not load: {describe(refused)}"
                )
                return
            except (ReefError, OSError) as error:
                self._warn(f"new code that does not load cannot be shown on the page: {describe(error)}")

    def _warn(self, text: str) -> None:
        """Once, though it is tried again at each look."""
        if text != self._warned:
            self._warned = text
            log.warning("%s", text)

    async def _look(self) -> None:
        places = self._places
        tried = {
            name: place.release.tried.error
            for name, place in places.items()
            if place.release.tried is not None and not place.wish.leaving
        }
        wanted = entries(tried, places)
        if wanted == self._shown:
            return
        before, self._shown = self._shown, None
        await self._serve(wanted)
        await self._tell(before, wanted)
        self._shown = wanted
        await self._end(wanted)

    async def _serve(self, wanted: Mapping[str, Entry]) -> None:
        for name, entry in wanted.items():
            if name not in self._addresses:
                address = (await asyncio.to_thread(self._address_for, (name,)))[name]
                await self._gateway.open(name, address, stands_for=entry.location)
                self._addresses[name] = address
            new_id = server_id("unserved", None, entry.error)
            self._gateway.board.serve(name, Served(new_id, None, entry.error))

    async def _tell(self, before: Mapping[str, Entry] | None, wanted: Mapping[str, Entry]) -> None:
        addresses = {name: self._addresses[name] for name in wanted}
        await asyncio.to_thread(write_workspace, self._file, addresses)
        with self._quiet.while_reloading():
            if before is None or before.keys() != wanted.keys():
                await self._webserver.reload_workspace()
                if not wanted.keys() <= await self._webserver.listed():
                    raise WebserverRefused(f"give it {self._file} as well, with a second -w")
                return
            for name in wanted:
                if before[name] != wanted[name]:
                    await self._webserver.reload_location(name)

    async def _end(self, wanted: Mapping[str, Entry]) -> None:
        for name in [name for name in self._addresses if name not in wanted]:
            await self._gateway.close(name)
            del self._addresses[name]
