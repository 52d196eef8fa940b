"""What `reef status` shows: plain JSON-able values, made from the live state."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from typing import Any

from reef.decide import rest
from reef.decide.revalidate import is_unstable
from reef.fleet.units import revalidation_text
from reef.hosting.contract import Hosting, MemorySample, ZygoteStatus
from reef.hosting.memory import sample
from reef.locations.place import CodeLocation
from reef.locations.specs import default_limit_bytes
from reef.records.served import ServedRecord


def own_memory() -> MemorySample:
    """Bytes of this process."""
    return sample(os.getpid()) or MemorySample(0, 0, 0)


def location_status(place: CodeLocation, hosting: Hosting, in_flight: int) -> dict[str, Any]:
    """One location. Bytes, seconds; None where nothing was measured yet. `private_bytes` is what its sleep would
    give back, `shared_bytes` its part of what it shares with its zygote."""
    served, costs = place.served, place.costs()
    return {
        "name": place.name,
        "owner": place.spec.owner,
        "placement": place.spec.placement,
        "state": place.state,
        "version": served.version[:12] if served else None,
        "server_id": served.server_id if served else None,
        "snapshot_age_s": round(max(0.0, time.time() - place.release.recorded_at()), 1) if served else None,
        "revalidate": revalidation_text(place.spec.revalidate) if place.spec.revalidate is not None else None,
        "unstable": served is not None and is_unstable(served.changes, time.time()),
        "pid": place.child.pid if place.child else None,
        "forked": place.child.forked if place.child else None,
        "not_forked_because": hosting.not_forked_because(place.name) if place.external is None else None,
        "private_bytes": place.serving.private_bytes if place.child else 0,
        "shared_bytes": max(0, place.serving.pss_bytes - place.serving.private_bytes) if place.child else 0,
        "pss_bytes": place.serving.pss_bytes if place.child else 0,
        "wakes": place.serving.wakes,
        "probes": place.release.probes,
        "calls": place.serving.calls,
        "in_flight": in_flight,
        "live_runs": sorted(place.serving.runs),
        "draining": len(place.serving.draining),
        "leaving": place.wish.leaving,
        "last_cold_start_s": _rounded(costs.cold_start_s),
        "memory_limit_bytes": place.spec.memory_limit_bytes,
        "warm_private_bytes": costs.private_bytes,
        "call_interval_s": _rounded(costs.call_interval_s),
        "idle_timeout_s": _rounded(rest.idle_timeout_s(costs, place.spec.idle_timeout_s)),
        "outside": outside_of(served),
        "loads_last_hour": place.loads_last_hour(time.monotonic()),
        "pinned": served.pinned if served else None,
        "not_kept": place.release.not_kept,
        "last_error": place.release.load_error or place.serving.last_error,
        "definitions": served.definitions if served else {},
    }


def outside_of(served: ServedRecord | None) -> dict[str, list[str]]:
    """What its load does outside: other machines (`host:port`) and programs."""
    return {
        "connects": list(served.connects) if served else [],
        "starts": list(served.starts) if served else [],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None or value == float("inf") else round(value, 3)


def standing_estimate_bytes(
    place: CodeLocation, zygotes: Iterable[ZygoteStatus], files_bytes: int = 0
) -> int:
    """What a server of its own on this machine would take: what its zygote preloaded for it, and its own. One that
    has a server of its own takes what that takes; `files_bytes` is the part of it that is mapped files."""
    if is_fresh(place):
        return max(place.serving.pss_bytes, place.serving.private_bytes)
    own = place.costs().private_bytes or 0
    for zygote in zygotes:
        if place.name in zygote.locations and zygote.memory is not None:
            return own + zygote.memory.anonymous
    return own + files_bytes if own else 0


def is_fresh(place: CodeLocation) -> bool:
    return place.child is not None and not place.child.forked and place.serving.pss_bytes > 0


def mapped_files_bytes(places: Iterable[CodeLocation]) -> int:
    """On average, of the servers that were started in interpreters of their own; 0 where there is none."""
    parts = [
        max(0, place.serving.pss_bytes - place.serving.private_bytes) for place in places if is_fresh(place)
    ]
    return sum(parts) // len(parts) if parts else 0


def fleet_status(
    places: Iterable[CodeLocation], hosting: Hosting, in_flight: dict[str, int]
) -> dict[str, Any]:
    places = list(places)
    zygotes = hosting.zygotes()
    host = own_memory()
    locations = [location_status(place, hosting, in_flight.get(place.name, 0)) for place in places]
    states: dict[str, int] = {}
    for row in locations:
        states[row["state"]] = states.get(row["state"], 0) + 1
    files = mapped_files_bytes(places)
    zygote_bytes = sum(zygote.memory.pss for zygote in zygotes if zygote.memory)
    return {
        "host": {
            "pid": os.getpid(),
            "pss_bytes": host.pss,
            "private_bytes": host.private,
            "default_limit_bytes": default_limit_bytes(),
        },
        "locations": locations,
        "zygotes": [zygote_status(zygote) for zygote in zygotes],
        "totals": {
            "locations": len(locations),
            "states": states,
            "children_pss_bytes": sum(row["pss_bytes"] for row in locations),
            "zygotes_pss_bytes": zygote_bytes,
            "reef_pss_bytes": host.pss + zygote_bytes + sum(row["pss_bytes"] for row in locations),
            "standing_estimate_bytes": sum(
                standing_estimate_bytes(place, zygotes, files) for place in places
            ),
        },
    }


def zygote_status(zygote: ZygoteStatus) -> dict[str, Any]:
    return {
        "key": zygote.key[:12],
        "pid": zygote.pid,
        "python": zygote.python,
        "modules": zygote.modules,
        "locations": len(zygote.locations),
        "pss_bytes": zygote.memory.pss if zygote.memory else None,
        "build_s": round(zygote.build_s, 2),
        "features": list(zygote.features),
        "left_out": [
            {"name": one.name, "why": one.why, "import_s": round(one.import_s, 2), "modules": one.modules}
            for one in zygote.left_out
        ],
        "successor_failed": zygote.successor_failed,
    }
