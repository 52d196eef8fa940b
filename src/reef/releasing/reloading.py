"""Reload: what a person, a webserver or a command asks for; and what has to be probed because user code changed it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping

from reef.background import Background
from reef.decide.revalidate import ReloadAsked, loads_again
from reef.locations.place import CodeLocation
from reef.records.served import Promoted, Refused
from reef.releasing.contract import Environments, Renews
from reef.releasing.quiet import Quiet
from reef.releasing.releaser import Releaser
from reef.versions.contract import Change, Versions

log = logging.getLogger("reef.control")


class Reloader:
    """Implements `gateway.contract.Reloads`."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        releaser: Releaser,
        versions: Versions,
        environments: Environments,
        renewal: Renews,
        quiet: Quiet,
        background: Background,
    ) -> None:
        self._places = places
        self._releaser = releaser
        self._versions = versions
        self._environments = environments
        self._renewal = renewal
        self._quiet = quiet
        self._background = background
        self._under_way: Counter[str] = Counter()
        self._ended: dict[str, float] = {}
        self._refreshed: dict[str, float] = {}

    async def reload(self, name: str, *, by_name: bool = False) -> None:
        """A person pressed Reload, or reloadWorkspace asks everybody. `by_name`: `reef reload`, in any case."""
        place = self._places[name]
        if place.external is not None or place.pinned is not None:
            return
        asked_at = time.monotonic()
        since_other_s = self._since_other(place.name, asked_at)
        self._under_way[place.name] += 1
        try:
            await self._reload(place, by_name, since_other_s)
        finally:
            self._under_way[place.name] -= 1
            self._ended[place.name] = time.monotonic()

    def _since_other(self, name: str, now: float) -> float | None:
        if any(count > 0 for other, count in self._under_way.items() if other != name):
            return 0.0
        others = [at for other, at in self._ended.items() if other != name]
        return now - max(others) if others else None

    async def _reload(self, place: CodeLocation, by_name: bool, since_other_s: float | None) -> None:
        asked_at = time.monotonic()
        await self._renewal.renew(place, by_name)
        if place.release.probed_at >= asked_at:
            return  # with new settings, just now
        quiet = self._quiet.active
        if quiet and await self._was_tried(place):
            return
        changed = await self.change(place)
        failed = (
            place.served is None
            or place.served.load_error is not None
            or place.release.load_error is not None
        )
        refreshed = self._refreshed.get(place.name)
        asked = ReloadAsked(
            changed=changed != "same" or failed or by_name,
            revalidate=place.spec.revalidate,
            quiet=quiet,
            since_other_s=since_other_s,
            since_refresh_s=None if refreshed is None else time.monotonic() - refreshed,
        )
        if loads_again(asked):
            await self.load(place, changed, show_error=place.spec.on_load_error == "show")

    async def _was_tried(self, place: CodeLocation) -> bool:
        """What lies there is what was refused."""
        tried = place.release.tried
        return tried is not None and await self._versions.change(place.spec, tried.stamp) == "same"

    async def change(self, place: CodeLocation) -> Change:
        """What differs from what is served."""
        stamp = place.release.stamp()
        return "source" if stamp is None else await self._versions.change(place.spec, stamp)

    async def load(
        self, place: CodeLocation, changed: Change, *, show_error: bool
    ) -> Promoted | Refused | None:
        """Probe it, in its environment as it is now; None where that cannot be used."""
        if changed == "environment" or place.wish.unusable:
            await self._environments.changed(place)
        if place.wish.unusable is not None:
            return None
        return await self._releaser.probe(place, show_error=show_error)

    async def reprobe(self, name: str) -> str:
        """After user code has changed what the location is; the server id afterwards."""
        place = self._places[name]
        if place.external is None:
            await self._releaser.probe(place)
            self._refreshed[place.name] = time.monotonic()
        return place.served.server_id if place.served else ""

    def on_missing(self, name: str, digest: str) -> None:
        """A snapshot that is served turned out to be gone or damaged: calls are forwarded until it is recorded."""
        log.warning("%s: snapshot %s is gone, recording it again", name, digest[:12])
        self._background.spawn(self._releaser.probe(self._places[name]))
