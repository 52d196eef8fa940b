"""What each wake asks of releasing, by the one door there is for it: it probes only where something changed."""

from __future__ import annotations

import asyncio
import logging
import time

from reef.copies import Damaged
from reef.locations.place import CodeLocation
from reef.records.served import Refused
from reef.releasing.contract import Environments, Renews
from reef.releasing.keeping import Keeper
from reef.releasing.probing import Prober
from reef.releasing.stamps import recorded_stamp
from reef.serving.contract import NotReleased, Startable
from reef.versions.contract import Versions
from reef.words import describe

log = logging.getLogger("reef.control")

SETTLE_S = 5.0  # how long a file that does not load may still be being written
SETTLE_POLL_S = 0.2


class Door:
    """Implements `serving.contract.Releases`."""

    def __init__(
        self, renewal: Renews, versions: Versions, prober: Prober, keeper: Keeper, environments: Environments
    ) -> None:
        self._renewal = renewal
        self._versions = versions
        self._prober = prober
        self._keeper = keeper
        self._environments = environments

    async def renew(self, place: CodeLocation) -> None:
        await self._renewal.renew(place, False)

    async def ready(self, place: CodeLocation) -> None:
        if place.release.loads_what_is_served:
            return
        if place.served is not None and await self._change(place) == "same":
            raise NotReleased(f"does not load: {place.load_error_text}", known=True)
        await self._prober.probe(place)
        if not place.release.loads_what_is_served:
            raise NotReleased(f"it does not load: {place.load_error_text}")

    async def running(self, place: CodeLocation) -> Startable:
        try:
            return await self._keeper.running(place)
        except Damaged as damaged:
            hint = f"`reef reload {place.name}` serves what lies on the disk"
            raise NotReleased(f"it is pinned, but {describe(damaged)}; {hint}") from None

    async def changed(self, place: CodeLocation, running: Startable) -> str | None:
        """Of a pinned one only the environment counts: the rest is its copy."""
        if not running.copy:
            change = await self._change(place)
            return None if change == "same" else change
        fingerprint = recorded_stamp(place).environment
        changed = await self._versions.environment_changed(running.spec, fingerprint)
        return "environment" if changed else None

    async def take_change(self, place: CodeLocation, changed: str, before: list[str]) -> None:
        if changed == "defs state" and changed in before:
            await self._versions.accept_defs_state(recorded_stamp(place))
            return
        log.info("%s: %s changed, probing before it is served", place.name, changed)
        if changed == "environment":
            await self._environments.changed(place)
        deadline = time.monotonic() + SETTLE_S
        while isinstance(result := await self._prober.probe(place), Refused):
            if not await self._changes_again(place, deadline):
                raise NotReleased(f"its changed code does not load: {result.reason}")
        if changed == "environment":
            self._environments.learn()

    async def _change(self, place: CodeLocation) -> str:
        return await self._versions.change(place.spec, recorded_stamp(place))

    async def _changes_again(self, place: CodeLocation, deadline: float) -> bool:
        """A file may have been half-saved: give the editor a moment to finish before calling it broken."""
        if place.pinned is not None:
            return False
        stamp = (await self._versions.see(place.spec, None)).stamp
        while time.monotonic() < deadline:
            if await self._versions.change(place.spec, stamp) != "same":
                return True
            await asyncio.sleep(SETTLE_POLL_S)
        return False
