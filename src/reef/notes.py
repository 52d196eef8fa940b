"""What a row of `reef status` says in words, for the table, the page and the terminal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reef.words import count, headline

MOST_NAMED = 3
OLD_S = 7 * 86_400


def note(row: dict[str, Any]) -> str:
    """Of one location, in one line: what a person should know of it beside its figures; "" for nothing."""
    parts = []
    if age := _age(row):
        parts.append(age)
    if row["live_runs"]:
        parts.append(f"{count(len(row['live_runs']), 'live run')}")
    if row.get("leaving"):
        parts.append("removed from the fleet, answered for until nobody asks")
    if row.get("pinned"):
        parts.append(f"pinned: {row['pinned']}")
    if row["not_forked_because"]:
        parts.append(f"not forked: {row['not_forked_because']}")
    if row["last_error"]:
        parts.append(headline(row["last_error"]))
    parts.append(_outside(row))
    return "; ".join(filter(None, parts))


def _outside(row: dict[str, Any]) -> str:
    """Such as `its load connects to api.example.com:443; 3 loads in the last hour`."""
    found = row.get("outside") or {}
    connects, starts = found.get("connects") or [], found.get("starts") or []
    does = [
        *([f"connects to {_some(connects)}"] if connects else []),
        *([f"starts {_some(starts)}"] if starts else []),
    ]
    if not does:
        return ""
    often = count(row["loads_last_hour"], "load")
    return f"its load {' and '.join(does)}; {often} in the last hour"


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (
        f" and {len(names) - MOST_NAMED} more" if names[MOST_NAMED:] else ""
    )


def _age(row: dict[str, Any]) -> str:
    """How old its answers are, where that may matter: its definitions change by themselves, or it is long ago."""
    age_s = row.get("snapshot_age_s")
    if age_s is None:
        return ""
    since = f"recorded {span(age_s)} ago"
    if row.get("unstable"):
        return f"unstable: its definitions change with the same code; {since}"
    dynamic = row.get("revalidate") not in (None, "never")
    return since if dynamic or age_s >= OLD_S else ""


def has_server(row: Mapping[str, Any]) -> bool:
    """Whether a location has one now, as `reef status` says; a process of a cluster's pod has no id here."""
    return bool(row.get("up", row["pid"] is not None))


def span(seconds: float) -> str:
    """`40 s`, `12 min`, `3 h`, `5 d`."""
    for unit, name in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s"


def mb(size: int | float | None) -> str:
    """Megabytes without their unit, with no more digits than a person wants: `0.4`, `33.1`, `482`, `8,240`."""
    number = (size or 0) / 1e6
    return f"{number:.1f}" if number < 99.95 else f"{number:,.0f}"
