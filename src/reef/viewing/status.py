"""One look as what `reef status --json` of one machine says, so that the page and `reef top` show both alike. Pure.

What nobody knows on a cluster is None, or nothing, as on a machine where it was not measured yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reef.cluster.kinds import Document
from reef.kube import labels
from reef.kube.quantities import quantity
from reef.metrics import of_hosts, of_locations
from reef.remote.rows import condition, message, notes, phase
from reef.viewing.counting import Counting, CountsOfOne
from reef.viewing.seen import Around, Look, ServerSeen

SHORT = 12  # of a version


@dataclass(frozen=True)
class Warm:
    """What its last server had, in bytes."""

    private: int
    resident: int


Row = dict[str, Any]


def status_of(
    look: Look, counting: Counting, warm: Mapping[str, Warm], servers: Mapping[str, ServerSeen], own_pss: int
) -> dict[str, Any]:
    """`warm` is what is remembered of the last server of each, `own_pss` the memory of this process."""
    processes = own_pss + _of_processes(look, of_hosts.PROCESS_PSS.name)
    zygotes = _of_processes(look, of_hosts.ZYGOTES_PSS.name)
    rows = [
        _row(each, servers[name := each["metadata"]["name"]], counting.of(name), warm.get(name), look)
        for each in look.locations
    ]
    taken = sum(row["pss_bytes"] for row in rows)
    states: dict[str, int] = {}
    for row in rows:
        states[row["state"]] = states.get(row["state"], 0) + 1
    return {
        "host": {
            "pid": None,
            "pss_bytes": processes,
            "private_bytes": processes,
            "default_limit_bytes": None,
            "called": "Reef's own processes",
        },
        "locations": rows,
        "zygotes": [],
        "totals": {
            "locations": len(rows),
            "states": states,
            "children_pss_bytes": taken,
            "zygotes_pss_bytes": zygotes,
            "reef_pss_bytes": processes + zygotes + taken,
            "standing_estimate_bytes": sum(each.resident for each in warm.values()),
        },
        "fleet": {"source": "", "kind": "cluster", "warnings": list(look.trouble), "error": None},
        "beside": {},
        "deploy": None,
        "webserver_trouble": None,
    }


def servers_of(look: Look) -> dict[str, ServerSeen]:
    """By location."""
    around = Around(look)
    return {each["metadata"]["name"]: around.server(each) for each in look.locations}


def _row(location: Document, server: ServerSeen, counted: CountsOfOne, warm: Warm | None, look: Look) -> Row:
    meta, spec, status = location["metadata"], location["spec"], location.get("status") or {}
    name, placed = meta["name"], status.get("placement") or {}
    flying = sum(_values(look, name, of_locations.IN_FLIGHT.name))
    recorded = max(_values(look, name, of_locations.RECORDED_AT.name), default=0.0)
    return {
        "name": name,
        "owner": spec.get("owner") or None,
        "placement": placed.get("chosen") or spec.get("placement") or "auto",
        "state": server.state,
        "version": (status.get("version") or "")[:SHORT] or None,
        "server_id": None,
        "snapshot_age_s": round(max(0.0, look.at - recorded), 1) if recorded else None,
        "revalidate": None,
        "unstable": False,
        "pid": None,
        "forked": None,
        "not_forked_because": None,
        "private_bytes": server.private if server.is_up else 0,
        "shared_bytes": max(0, server.pss - server.private) if server.is_up else 0,
        "pss_bytes": server.pss if server.is_up else 0,
        "wakes": counted.wakes,
        "probes": 0,
        "calls": counted.calls,
        "in_flight": int(flying),
        "live_runs": [],
        "draining": server.draining,
        "leaving": "deletionTimestamp" in meta,
        "last_cold_start_s": None,
        "memory_limit_bytes": server.limit or _limit(spec),
        "warm_private_bytes": warm.private if warm else None,
        "call_interval_s": None,
        "idle_timeout_s": None,
        "outside": {"connects": [], "starts": []},
        "loads_last_hour": 0,
        "pinned": _pinned(status),
        "not_kept": None,
        "last_error": _error(location),
        "definitions": {},
        "up": server.is_up,
        "where": server.where or None,
        "placement_reason": placed.get("reason") or None,
        "paused": notes(location).get(labels.PAUSED) == "true",
        "conditions": status.get("conditions") or [],
        "resident_bytes": server.resident if server.is_up else 0,
    }


def _pinned(status: Mapping[str, Any]) -> str | None:
    version = status.get("pinned")
    return f"rolled back to {version[:SHORT]}" if version else None


def _error(location: Document) -> str | None:
    """Of code that does not load, or of a wish that no placement can keep."""
    status = location.get("status") or {}
    is_wrong = phase(location) in ("refused", "impossible", "conflict")
    return (
        message(status) or None if is_wrong or condition(status, "Degraded").get("status") == "True" else None
    )


def _limit(spec: Mapping[str, Any]) -> int | None:
    resources = spec.get("resources")
    if not isinstance(resources, Mapping):
        return None
    found = quantity((resources.get("limits") or {}).get("memory"))
    return int(found) if found else None


def _of_processes(look: Look, metric: str) -> int:
    return int(sum(_values(look, "", metric)))


def _values(look: Look, name: str, metric: str) -> Sequence[float]:
    return [one.value for said in look.said.values() for one in said.get(name, ()) if one.metric == metric]
