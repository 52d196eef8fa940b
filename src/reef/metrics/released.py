"""Which version is served of each location, and what its answers are, on one machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reef.locations.place import CodeLocation
from reef.metrics import of_locations
from reef.metrics.exposition import Page, of_location
from reef.records.served import ServedRecord

SHORT = 12  # of a version, as `reef status` says it


class Releases:
    """A source. `snapshot_bytes` asks the store by digest, which reads a file's size: what is known is kept."""

    def __init__(
        self, places: Mapping[str, CodeLocation], snapshot_bytes: Callable[[str], int | None]
    ) -> None:
        self._places = places
        self._snapshot_bytes = snapshot_bytes
        self._sizes: dict[str, int] = {}

    def put(self, page: Page) -> None:
        sizes: dict[str, int] = {}
        for place in list(self._places.values()):
            where, served = of_location(place.name, place.spec.owner), place.served
            page.put(of_locations.LOAD_FAILED, _fails(place), where)
            if served is None:
                page.put(of_locations.INFO, 1, where, place.spec.placement, "")
                continue
            page.put(of_locations.INFO, 1, where, place.spec.placement, served.version[:SHORT])
            page.put(of_locations.PINNED, served.pinned is not None, where)
            self._recorded(page, place, served, where, sizes)
            for kind, count in served.definitions.items():
                if isinstance(count, int):
                    page.put(of_locations.DEFINITIONS, count, where, kind)
        self._sizes = sizes

    def _recorded(
        self, page: Page, place: CodeLocation, served: ServedRecord, where: str, sizes: dict[str, int]
    ) -> None:
        if served.snapshot is not None:
            size = self._sizes.get(served.snapshot) or self._snapshot_bytes(served.snapshot)
            if size is not None:
                sizes[served.snapshot] = size
                page.put(of_locations.SNAPSHOT_BYTES, size, where)
        if recorded_at := place.release.recorded_at():
            page.put(of_locations.RECORDED_AT, recorded_at, where)
        if isinstance(place.spec.revalidate, float | int):
            page.put(of_locations.REVALIDATE, place.spec.revalidate, where)


def _fails(place: CodeLocation) -> bool:
    """Its newest code does not load; what is still loading for the first time does not fail."""
    served = place.served
    return place.release.load_error is not None or (served is not None and served.load_error is not None)
