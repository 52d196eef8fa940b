"""The fleet changes while the host runs: listeners, Dagster's workspace file, its webserver, other names."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from reef.beside.instance import InstanceUnavailable
from reef.beside.webserver import Webserver, WebserverRefused, WebserverUnreachable
from reef.decide.reconcile import Changes, too_empty
from reef.errors import ReefError
from reef.fleet.model import Fleet
from reef.gateway import ListenAddress
from reef.host.assembly import Assembly
from reef.host.beside import DagsterBeside
from reef.host.reconciling import Reconciler
from reef.host.renewing import Renewal
from reef.page.showing import Showing
from reef.records.served import ServedRecord
from reef.statedir import StateDir, write_json
from reef.words import describe
from reef.workspace import write_workspace

log = logging.getLogger("reef")

UNREACHABLE_TRIES = 30
UNREACHABLE_PAUSE_S = 2.0

AddressesFor = Callable[[tuple[str, ...]], Mapping[str, ListenAddress]]


class ChangingFleet:
    """`addresses` are those of all listeners there are; new ones come from `address_for`."""

    def __init__(
        self,
        parts: Assembly,
        state: StateDir,
        beside: DagsterBeside,
        webserver: Webserver | None,
        addresses: dict[str, ListenAddress],
        address_for: AddressesFor,
        say: Callable[[str], None],
    ) -> None:
        self.trouble: str | None = None  # of the webserver, for `reef status`
        self._state = state
        self._beside = beside
        self._webserver = webserver
        self._addresses = addresses
        self._address_for = address_for
        self._say = say
        self._parts = parts
        failures = (WebserverRefused, WebserverUnreachable)
        self._showing = Showing(parts.control, webserver, failures)
        self._reconciler = Reconciler(parts, self._addresses_of, self._publish, self.rename)
        self._note = parts.control.prober.on_promoted
        parts.control.prober.on_promoted = self._promoted

    async def _promoted(self, place: Any, old: ServedRecord | None, new: ServedRecord) -> None:
        if self._note is not None:
            await self._note(place, old, new)
        if old is not None and old.server_id != new.server_id:
            self._showing.note(place.name)

    async def take(self, fleet: Fleet) -> None:
        """A new content of the fleet's file. Raises ReefError where nothing is done for it."""
        names = {spec.name: spec for spec in fleet.locations}
        if too_empty(self._reconciler.specs(), names):
            raise ReefError(
                f"{fleet.source} lists no location any more",
                hint="nothing is removed for it; stop Reef if that is what you want",
            )
        found = await self._reconciler.apply(fleet)
        if found:
            self._say(_told(found))

    def renewal(self, fleet: Fleet, read: Callable[[], Fleet], is_busy: Callable[[], bool]) -> Renewal:
        """For wakes and reloads of single locations."""
        return Renewal(fleet, read, self.take, self._reconciler, is_busy)

    async def _addresses_of(self, names: tuple[str, ...]) -> Mapping[str, ListenAddress]:
        found = await asyncio.to_thread(self._address_for, names)
        self._addresses.update(found)
        return found

    async def _publish(self, names: tuple[str, ...]) -> None:
        """The file first, in one step; then whoever has read the old one."""
        addresses = {name: self._addresses[name] for name in names}
        await asyncio.to_thread(write_workspace, self._state.workspace_file, addresses)
        if self._webserver is not None:
            self._parts.control.spawn(self._tell(self._webserver))

    async def _tell(self, webserver: Webserver) -> None:
        for _ in range(UNREACHABLE_TRIES):
            try:
                with self._parts.control.quietly():
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

    # -- names -------------------------------------------------------------------------------------

    async def rename(self, renamed: Mapping[str, str]) -> None:
        """Carry the state of schedules and sensors over, each pair of names (new → old) once."""
        done = await asyncio.to_thread(self._renamed)
        for new, old in renamed.items():
            if done.get(new) == old:
                continue
            request = {"old": old, "new": new, "address": _origin_address(self._addresses[new])}
            try:
                moved = await self._beside.ask_instance_anyway("rename", request)
            except (InstanceUnavailable, ReefError, OSError, TimeoutError) as error:
                self._say(
                    f"warning: state of {old!r} could not be carried over to {new!r}: {describe(error)}"
                )
                continue
            self._say(f"{new}: renamed from {old}; state carried over of: {_names(moved)}")
            done = {name: before for name, before in done.items() if name != old} | {new: old}
            await asyncio.to_thread(write_json, self._state.root / "renamed.json", done)

    def _renamed(self) -> dict[str, str]:
        try:
            found = json.loads((self._state.root / "renamed.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(new): str(old) for new, old in found.items()} if isinstance(found, dict) else {}


def _origin_address(address: ListenAddress) -> dict[str, object]:
    """As Dagster's workspace file names it: origin ids hash it."""
    return {"socket": address.socket} if address.socket else {"host": address.host, "port": address.port}


def _names(moved: object) -> str:
    return ", ".join(map(str, moved)) if isinstance(moved, list) and moved else "nothing (there was none)"


def _told(found: Changes) -> str:
    old_of = dict(found.renamed)
    parts = [
        *(f"{name} added" for name in found.added if name not in old_of),
        *(f"{old} is now {name}" for name, old in old_of.items()),
        *(f"{name} removed" for name in found.removed if name not in old_of.values()),
        *(f"{name} changed" for name in found.changed),
    ]
    daemon = "; Dagster's daemon looks for that once a minute" if found.names_differ else ""
    more = f" and {len(parts) - 10} more" if len(parts) > 10 else ""
    return f"the fleet changed: {', '.join(parts[:10])}{more}{daemon}"
