"""Reload: what a person, a webserver or a command asks for; and what has to be probed because user code changed it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Protocol

from reef.decide.revalidate import ReloadAsked, loads_again
from reef.locations.place import CodeLocation
from reef.records.served import Promoted, Refused
from reef.serving.waking import Waker
from reef.versions.local import Change, Versions


class Probe(Protocol):
    """Probe a location and take over what was promoted."""

    def __call__(self, place: CodeLocation, *, show_error: bool = False) -> Awaitable[Promoted | Refused]: ...


class Reloader:
    """Of one host. While Reef itself makes the webserver reload its workspace, `is_quiet` is true."""

    def __init__(self, probe: Probe, is_quiet: Callable[[], bool], versions: Versions, waker: Waker) -> None:
        self._probe = probe
        self._is_quiet = is_quiet
        self._versions = versions
        self._waker = waker
        self._under_way: Counter[str] = Counter()
        self._ended: dict[str, float] = {}
        self._refreshed: dict[str, float] = {}

    async def reload(self, place: CodeLocation, *, by_name: bool = False) -> None:
        """ReloadCode; `by_name` is `reef reload`, which loads in any case."""
        if place.pinned is not None:
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
        if self._waker.renew is not None:
            await self._waker.renew(place, by_name)
        if place.release.probed_at >= asked_at:
            return  # with new settings, just now
        quiet = self._is_quiet()
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
        if (changed == "environment" or place.wish.unusable) and self._waker.environment_changed is not None:
            await self._waker.environment_changed(place)
        if place.wish.unusable is not None:
            return None
        return await self._probe(place, show_error=show_error)

    async def reprobe(self, place: CodeLocation) -> str:
        """After user code has changed what the location is; the server id afterwards."""
        if place.external is None:
            await self._probe(place)
            self._refreshed[place.name] = time.monotonic()
        return place.served.server_id if place.served else ""
