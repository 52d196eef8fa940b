"""What the host tells the controller of itself."""

from __future__ import annotations

from reef.locations.place import CodeLocation
from reef.packs.fleet import PackFleet
from reef.packs.ground import Ground
from reef.packs.lines import Lines
from reef.peers.messages import LocationState, PackLocation, PackState


def pack_state(fleet: PackFleet, ground: Ground, lines: Lines) -> PackState:
    """Generation -1 before there is a configuration."""
    locations = tuple(
        _location_state(location, fleet.places[name], under_way(fleet.places[name], lines))
        for name, location in fleet.locations.items()
    )
    generation = -1 if fleet.generation is None else fleet.generation
    return PackState(generation=generation, locations=locations, containers=tuple(ground.containers()))


def _location_state(location: PackLocation, place: CodeLocation, in_flight: int) -> LocationState:
    now = place.serving
    return LocationState(
        name=location.name,
        version=location.version,
        phase=place.phase,
        in_flight=in_flight,
        private_bytes=now.private_bytes if now.child else 0,
        pss_bytes=now.pss_bytes if now.child else 0,
        cold_start_s=now.cold_start_s,
        last_error=now.last_error,
        forked=now.child is not None and now.child.forked,
    )


def under_way(place: CodeLocation, lines: Lines) -> int:
    """Calls that have reached a server of it, draining or serving."""
    return sum(lines.in_flight_to(child.id) for child in place.serving.children())
