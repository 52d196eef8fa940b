"""What `reef status` says of made-up locations, for tests that only show it."""

from __future__ import annotations

from typing import Any

MB = 1_000_000
DEFAULT_LIMIT = 8_000 * MB


def row(name: str, **other: Any) -> dict[str, Any]:
    """A warm location of nobody, with what `other` says of it."""
    found: dict[str, Any] = {
        "name": name,
        "owner": None,
        "placement": "packed",
        "state": "warm",
        "version": "0123456789ab",
        "server_id": "reef-1",
        "snapshot_age_s": 5.0,
        "revalidate": None,
        "unstable": False,
        "pid": 17,
        "forked": True,
        "not_forked_because": None,
        "private_bytes": 30 * MB,
        "shared_bytes": 10 * MB,
        "pss_bytes": 40 * MB,
        "wakes": 1,
        "probes": 1,
        "calls": 3,
        "in_flight": 0,
        "live_runs": [],
        "draining": 0,
        "leaving": False,
        "last_cold_start_s": 0.25,
        "memory_limit_bytes": DEFAULT_LIMIT,
        "warm_private_bytes": 30 * MB,
        "call_interval_s": None,
        "idle_timeout_s": 30.0,
        "outside": {"connects": [], "starts": []},
        "loads_last_hour": 1,
        "pinned": None,
        "not_kept": None,
        "last_error": None,
        "definitions": {
            "repositories": ["__repository__"],
            "jobs": ["a", "b"],
            "schedules": [],
            "sensors": [],
        },
    }
    assert other.keys() <= found.keys()
    return found | other


def asleep(name: str, **other: Any) -> dict[str, Any]:
    nothing = {"pid": None, "forked": None, "private_bytes": 0, "shared_bytes": 0, "pss_bytes": 0}
    return row(name, state="asleep", **nothing, **other)


def status(*rows: dict[str, Any], **other: Any) -> dict[str, Any]:
    used = sum(one["pss_bytes"] for one in rows)
    found: dict[str, Any] = {
        "host": {
            "pid": 1,
            "pss_bytes": 50 * MB,
            "private_bytes": 50 * MB,
            "default_limit_bytes": DEFAULT_LIMIT,
        },
        "locations": list(rows),
        "zygotes": [],
        "totals": {
            "locations": len(rows),
            "states": {},
            "children_pss_bytes": used,
            "zygotes_pss_bytes": 0,
            "reef_pss_bytes": used + 50 * MB,
            "standing_estimate_bytes": 150 * MB * len(rows),
        },
        "fleet": {"source": "/f/reef.yaml", "kind": "reef", "warnings": [], "error": None},
        "beside": {},
        "deploy": None,
        "webserver_trouble": None,
    }
    return found | other
