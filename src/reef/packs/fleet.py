"""The locations of the pack: they come, go and change as the configuration says, without disturbing others."""

from __future__ import annotations

from reef.events import Events, FleetChanged, LocationGone, VersionServed
from reef.locations.place import CodeLocation
from reef.packs.ground import Ground
from reef.packs.lines import Lines
from reef.packs.specs import as_location, gone_record, served_record
from reef.peers.messages import PackConfig, PackLocation
from reef.serving.resting import Rester


class PackFleet:
    """All methods on the event loop; none fails for what code does."""

    def __init__(
        self, places: dict[str, CodeLocation], ground: Ground, lines: Lines, rester: Rester, events: Events
    ) -> None:
        self.places = places
        self.locations: dict[str, PackLocation] = {}
        self.generation: int | None = None
        self._ground = ground
        self._lines = lines
        self._rester = rester
        self._events = events

    def is_newer(self, config: PackConfig) -> bool:
        return self.generation is None or config.generation > self.generation

    async def use(self, config: PackConfig) -> None:
        """A server of what changed is drained: calls under way end on it. One use at a time."""
        await self._ground.use(config.locations)
        before, now = self.locations, {one.name: one for one in config.locations}
        self.generation, self.locations = config.generation, now
        added = tuple(name for name in now if name not in before)
        removed = tuple(name for name in before if name not in now)
        changed = tuple(name for name, one in now.items() if name in before and before[name] != one)
        if added or removed or changed:
            self._events.emit(FleetChanged(added, removed, changed))
        for name in removed:
            self._leave(name)
        for name in added:
            self._come(now[name])
        for name in changed:
            self._change(self.places[name], now[name])

    def _come(self, location: PackLocation) -> None:
        place = self.places[location.name] = CodeLocation(as_location(location))
        self._lines.open(location.name)
        place.serving.stay_up(location.warm)
        place.release.promote(served_record(location))

    def _change(self, place: CodeLocation, location: PackLocation) -> None:
        place.wish.want(as_location(location))
        place.wish.follow()
        place.serving.stay_up(location.warm)
        record = served_record(location)
        before = place.release.promote(record)
        if before is None or before.version != record.version:
            self._rester.take_over(place, other=True)
            self._events.emit(VersionServed(place.name, before, record))

    def _leave(self, name: str) -> None:
        place = self.places.pop(name)
        self._lines.close(name)
        place.release.promote(gone_record(name))  # a server that is being started is ended
        self._rester.drain(place, "it left this pack")
        self._events.emit(LocationGone(name))

    def server_id(self, name: str) -> str:
        """Of the version, whichever server of it answers."""
        place = self.places.get(name)
        return place.served.server_id if place is not None and place.served is not None else ""
