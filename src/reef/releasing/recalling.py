"""A location that comes to the fleet, with what an earlier host left of it."""

from __future__ import annotations

import logging

from reef.fleet.model import Location
from reef.locations.place import CodeLocation
from reef.records.contract import ServedRecords
from reef.releasing.keeping import Keeper
from reef.snapshots import SnapshotStore
from reef.snapshots.record import told_load_error

log = logging.getLogger("reef.control")


def recall(spec: Location, records: ServedRecords, store: SnapshotStore, keeper: Keeper) -> CodeLocation:
    """What an earlier host promoted for it, if its snapshot is still whole. Blocking."""
    place = CodeLocation(spec)
    served = records.load(spec.name)
    if served is not None and served.snapshot is not None and not store.check(served.snapshot):
        log.warning("%s: its snapshot is missing or damaged, it is recorded again", spec.name)
        served = None
    error = not_kept = None
    if served is not None and served.load_error is not None:
        error = told_load_error(served.load_error, spec.name)
    if served is not None and spec.code is not None:
        kept = keeper.versions.get(spec.name, served.version)
        not_kept = kept.not_kept if kept else None
    place.release.recall(served, error, not_kept)
    return place


def snapshots_needed(places: list[CodeLocation], keeper: Keeper) -> list[str]:
    """By what is served and by what can be rolled back to. Blocking."""
    records = [one.record for one in keeper.versions.everything()]
    records += [place.served for place in places if place.served]
    return [one.snapshot for one in records if one.snapshot]
