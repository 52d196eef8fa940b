"""Release a version: probe it, and have what was served give way."""

from __future__ import annotations

from reef.background import Background
from reef.locations.place import CodeLocation
from reef.records.kept import KeptVersion
from reef.records.served import Promoted, Refused
from reef.releasing.contract import Replaces
from reef.releasing.pins import ON_DEPLOY, Pins
from reef.releasing.probing import Gate, Prober


class Releaser:
    """What a wake probes has no server that could give way: it asks the prober itself."""

    def __init__(self, prober: Prober, servers: Replaces, pins: Pins, background: Background) -> None:
        self._prober = prober
        self._servers = servers
        self._pins = pins
        self._background = background

    async def probe(
        self, place: CodeLocation, *, show_error: bool = False, gate: Gate | None = None
    ) -> Promoted | Refused:
        """As Prober.probe; what is promoted is pinned where new code comes by deploys only."""
        before = place.served.server_id if place.served else None
        result = await self._prober.probe(place, show_error=show_error, gate=gate)
        self._take_over(place, before, result)
        if self._pins.always and isinstance(result, Promoted) and result.record.pinned is None:
            self._background.spawn(self._pins.pin(place, ON_DEPLOY))
        return result

    async def probe_kept(
        self, place: CodeLocation, kept: KeptVersion | None, pinned: str
    ) -> Promoted | Refused:
        """The same with a kept version instead of what lies on the disk; it is pinned afterwards."""
        before = place.served.server_id if place.served else None
        result = await self._prober.probe_kept(place, kept, pinned)
        self._take_over(place, before, result)
        return result

    def _take_over(self, place: CodeLocation, before: str | None, result: Promoted | Refused) -> None:
        if isinstance(result, Promoted):
            self._servers.take_over(place, other=result.record.server_id != before)
