"""The stamp of what is served, where it is known that something is."""

from __future__ import annotations

from reef.locations.place import CodeLocation
from reef.versions.contract import Stamp


def recorded_stamp(place: CodeLocation) -> Stamp:
    stamp = place.release.stamp()
    assert stamp is not None
    return stamp
