"""What the page and `reef usage` are told of the history: what locations used, beside what their CodeLocations set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from reef.cluster.kinds import Document
from reef.decide.sizing.proposal import Has
from reef.decide.sizing.used import Used, Watch
from reef.fleet.units import size_bytes
from reef.kube.quantities import quantity
from reef.usage.about import about_of
from reef.usage.judging import Judged, both, judged_of
from reef.usage.recorded import Records, Seen, all_seen, watched

_RESOURCES = {
    "memory_request": ("requests", "memory"),
    "memory_limit": ("limits", "memory"),
    "cpu_request": ("requests", "cpu"),
    "cpu_limit": ("limits", "cpu"),
}


class UsageOfOne(msgspec.Struct, kw_only=True):
    """Of one location. `called` is its name in Dagster; `has` is set for its server, `pod_has` for its container.
    `seen` has no stretches where many are told."""

    name: str
    called: str
    has: Has
    pod_has: Has
    window: Used
    ever: Used
    seen: Seen

    def judged(self, file_has: Has | None = None) -> Judged:
        """`file_has` is what a file sets that is to be changed."""
        pod_has = file_has or self.pod_has
        name = self.called if file_has is not None else self.name
        return judged_of(name, self.seen, self.has, self.window, self.ever, pod_has=pod_has)


class UsageOfAll(msgspec.Struct, kw_only=True):
    """What `reef usage` asks a page for."""

    watch: Watch
    locations: list[UsageOfOne]


def usage_of(
    records: Records, locations: Mapping[str, Document], since: float, only: str | None = None
) -> UsageOfAll:
    """Of those locations, and of those that are recorded and are no more. Blocks. Raises OSError."""
    found = all_seen(records, only=only)
    watch = watched(records)
    window_watch = watched(records, since)
    names = [only] if only is not None else sorted({*locations, *found})
    return UsageOfAll(
        watch=watch,
        locations=[
            _one(name, locations.get(name), found.get(name, Seen((), watch)), since, window_watch, only)
            for name in names
        ],
    )


def usage_on_page(records: Records, location: Document) -> dict[str, Any]:
    """As `reef usage NAME --json`. Blocks. Raises OSError."""
    name = location["metadata"]["name"]
    return about_of(records, name, has_of(location), pod_has=pod_has_of(location))


def _one(
    name: str, location: Document | None, seen: Seen, since: float, window_watch: Watch, only: str | None
) -> UsageOfOne:
    ever, window = both(seen, since, window_watch)
    return UsageOfOne(
        name=name,
        called=str((location or {}).get("spec", {}).get("location_name") or name),
        has=has_of(location) if location else Has(),
        pod_has=pod_has_of(location) if location else Has(),
        window=window,
        ever=ever,
        seen=seen if only is not None else Seen((), seen.watch),
    )


def has_of(location: Document) -> Has:
    """Of its server: memory of its own at which that is ended."""
    limit = location["spec"].get("memory_limit")
    return Has(memory_limit=_size(limit), placement=_placement(location))


def pod_has_of(location: Document) -> Has:
    """Of its container."""
    resources = location["spec"].get("resources") or {}
    figures = {
        name: quantity((resources.get(group) or {}).get(what)) for name, (group, what) in _RESOURCES.items()
    }
    return Has(**figures, placement=_placement(location))


def _placement(location: Document) -> str:
    placed = (location.get("status") or {}).get("placement") or {}
    return str(placed.get("chosen") or location["spec"].get("placement") or "auto")


def _size(written: object) -> float | None:
    try:
        return float(size_bytes(str(written))) if written else None
    except ValueError:
        return None


def encoded(found: UsageOfAll) -> bytes:
    """JSON."""
    return msgspec.json.encode(found)


def decoded(body: bytes) -> Sequence[UsageOfOne]:
    """Raises msgspec.MsgspecError for what is no answer of a page of this release."""
    return msgspec.json.decode(body, type=UsageOfAll).locations
