"""Dagster's workspace file while the fleet changes, and the webserver that has read it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from reef.background import Background
from reef.beside.webserver import Webserver, WebserverRefused, WebserverUnreachable
from reef.gateway import ListenAddress
from reef.releasing.quiet import Quiet
from reef.statedir import StateDir
from reef.words import describe
from reef.workspace import AddressesFor, write_workspace

UNREACHABLE_TRIES = 30
UNREACHABLE_PAUSE_S = 2.0


class WorkspaceFile:
    """`addresses` are those of all listeners there are; new ones come from `address_for`."""

    def __init__(
        self,
        state: StateDir,
        webserver: Webserver | None,
        addresses: dict[str, ListenAddress],
        address_for: AddressesFor,
        say: Callable[[str], None],
        quiet: Quiet,
        background: Background,
    ) -> None:
        self.trouble: str | None = None  # of the webserver, for `reef status`
        self._state = state
        self._webserver = webserver
        self._addresses = addresses
        self._address_for = address_for
        self._say = say
        self._quiet = quiet
        self._background = background

    async def addresses_of(self, names: tuple[str, ...]) -> Mapping[str, ListenAddress]:
        """Those of locations that come."""
        found = await asyncio.to_thread(self._address_for, names)
        self._addresses.update(found)
        return found

    async def publish(self, names: tuple[str, ...]) -> None:
        """The file first, in one step; then whoever has read the old one."""
        addresses = {name: self._addresses[name] for name in names}
        await asyncio.to_thread(write_workspace, self._state.workspace_file, addresses)
        if self._webserver is not None:
            self._background.spawn(self._tell(self._webserver))

    async def _tell(self, webserver: Webserver) -> None:
        for _ in range(UNREACHABLE_TRIES):
            try:
                with self._quiet.while_reloading():
                    await webserver.reload_workspace()
            except WebserverUnreachable as error:
                self.trouble = f"{webserver.url} does not answer: {describe(error)}"
                await asyncio.sleep(UNREACHABLE_PAUSE_S)
                continue
            except WebserverRefused as refused:
                self.trouble = f"{webserver.url} did not reload its workspace: {describe(refused)}"
                self._say(f"warning: {self.trouble}; restart it to see which locations there are")
                return
            self.trouble = None
            return
        self._say(f"warning: {self.trouble}; it shows the locations that there were before until it reloads")
