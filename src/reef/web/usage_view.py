"""What a location used and what it should request, as its page shows it. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reef.notes import mb, span

MEMORY, CPU = ("own_bytes", "whole_bytes"), "cpu_cores"
TITLES = {
    "own_bytes": "memory of its own, MB",
    "whole_bytes": "memory in all, MB",
    "cpu_cores": "processors",
    "memory_limit_bytes": "memory limit",
    "memory_request_bytes": "memory request",
    "cpu_request_cores": "processor request",
    "placement": "placement",
}
SPREAD = ("p50", "p95", "peak")


@dataclass(frozen=True, slots=True)
class Proposed:
    what: str
    now: str
    proposed: str
    why: str


@dataclass(frozen=True, slots=True)
class UsageView:
    """`used` are rows of a figure's name, median, 95th percentile and peak."""

    watched: str
    used: tuple[tuple[str, str, str, str], ...]
    here: tuple[Proposed, ...]
    pod: tuple[Proposed, ...]
    none_because: str


def usage_view(found: Mapping[str, Any]) -> UsageView:
    """Of what `reef usage NAME --json` says."""
    used, now = found["used"], found["set"]
    watched_s = found["window"]["watched_s"] or 0
    here, pod = found["proposal"], found["pod_proposal"]
    return UsageView(
        f"watched for {span(watched_s)}, awake for {span(used['awake_s'] or 0)}",
        tuple(_used(name, used[name]) for name in (*MEMORY, CPU) if used.get(name) and used[name]["peak"]),
        _proposed(here, now, ("memory_limit_bytes", "placement")),
        _proposed(pod, {}, ("memory_request_bytes", "memory_limit_bytes", "cpu_request_cores")),
        here["none_because"] or "",
    )


def _used(name: str, spread: Mapping[str, float]) -> tuple[str, str, str, str]:
    p50, p95, peak = (_amount(name, spread[each]) for each in SPREAD)
    return TITLES[name], p50, p95, peak


def _proposed(
    proposal: Mapping[str, Any], now: Mapping[str, Any], names: tuple[str, ...]
) -> tuple[Proposed, ...]:
    if proposal["none_because"] is not None:
        return ()
    return tuple(
        Proposed(TITLES[name], _value(name, now.get(name)), _value(name, figure["value"]), figure["why"])
        for name in names
        if (figure := proposal.get(name)) is not None
    )


def _value(name: str, value: Any) -> str:
    if value is None:
        return ""
    return (
        str(value)
        if name == "placement"
        else _amount(name, value) + (" MB" if name.endswith("bytes") else "")
    )


def _amount(name: str, value: float) -> str:
    if name.endswith("bytes"):
        return mb(value)
    return f"{value:.2f}" if value >= 0.1 else f"{math.ceil(value * 1000)}m"
