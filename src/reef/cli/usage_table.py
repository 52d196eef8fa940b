"""The table of `reef usage`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reef.decide.sizing.proposal import Figure, cores_text, memory_text
from reef.usage.judging import Judged
from reef.words import count

_USED = ("P50", "P95", "PEAK", "CPU P95")
HEADING = ("LOCATION", "AWAKE", *_USED, "LIMIT", "PROPOSED", "POD REQUEST", "POD LIMIT", "POD CPU")
POD_HEADING = ("LOCATION", *_USED, "REQUEST", "PROPOSED", "LIMIT", "PROPOSED", "CPU", "PROPOSED")


def table(found: Sequence[Judged]) -> list[str]:
    """One location a line, then why some have no proposal, then what all of them come to."""
    if not found:
        return ["no location is known"]
    here = found[0].source == "history"
    rows = [HEADING if here else POD_HEADING, *(_row(each) if here else _pod_row(each) for each in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return [*lines, "", *_silent(found), *_totals_lines(found)]


def _silent(found: Sequence[Judged]) -> list[str]:
    """Why there is no proposal, once for all of whom it is true."""
    reasons: dict[str, list[str]] = {}
    for each in found:
        if (why := _why_none(each)) is not None:
            reasons.setdefault(why, []).append(each.name)
    return [
        f"no proposal for {names[0] if len(names) == 1 else count(len(names), 'location')}: {why}"
        for why, names in reasons.items()
    ]


def _why_none(found: Judged) -> str | None:
    return (found.here if found.source == "history" else found.pod).none_because


def _row(found: Judged) -> tuple[str, ...]:
    window, watched = found.window, max(1, found.window.watch.seconds)
    memory = window.own if window.own.peak else window.whole
    return (
        found.name,
        f"{window.awake_s / watched:.0%}",
        *(_memory(value) for value in (memory.p50, memory.p95, memory.peak)),
        _cores(window.cpu.p95),
        _memory(found.has.memory_limit),
        _size(found.here.memory_limit),
        _size(found.pod.memory_request),
        _size(found.pod.memory_limit),
        _cpu(found.pod.cpu_request),
    )


def _pod_row(found: Judged) -> tuple[str, ...]:
    memory, has, pod = found.window.whole, found.has, found.pod
    return (
        found.name,
        *(_memory(value) for value in (memory.p50, memory.p95, memory.peak)),
        _cores(found.window.cpu.p95),
        _memory(has.memory_request),
        _size(pod.memory_request),
        _memory(has.memory_limit),
        _size(pod.memory_limit),
        _cores(has.cpu_request),
        _cpu(pod.cpu_request),
    )


def totals(found: Sequence[Judged]) -> dict[str, Any]:
    """Bytes and cores over all of them: what is requested, what of it was used at the peaks (memory) and in 95 % of the
    time (processors), what is proposed. A location without a request counts in none of the first and the last."""
    requested = [each for each in found if each.source == "prometheus" or each.has.memory_request]
    return {
        "locations": len(found),
        "proposals": sum(_changes(each) for each in found),
        "memory_requested_bytes": sum(each.has.memory_request or 0 for each in requested),
        "memory_proposed_bytes": sum(
            _or(each.pod.memory_request, each.has.memory_request) for each in requested
        ),
        "memory_peaks_bytes": sum(each.window.whole.peak for each in found),
        "memory_p95_bytes": sum(each.window.whole.p95 for each in found),
        "cpu_requested_cores": round(sum(each.has.cpu_request or 0 for each in requested), 3),
        "cpu_proposed_cores": round(
            sum(_or(each.pod.cpu_request, each.has.cpu_request) for each in requested), 3
        ),
        "cpu_p95_cores": round(sum(each.window.cpu.p95 for each in found), 4),
    }


def _changes(found: Judged) -> bool:
    return (found.here if found.source == "history" else found.pod).changes


def _totals_lines(found: Sequence[Judged]) -> list[str]:
    said = totals(found)
    lines = [
        f"{count(said['locations'], 'location')}, {count(said['proposals'], 'proposal')}; "
        f"95 % of the time they have {memory_text(said['memory_p95_bytes'])} in all, "
        f"their peaks together are {memory_text(said['memory_peaks_bytes'])}"
    ]
    if said["memory_requested_bytes"]:
        lines.append(
            f"requested: {memory_text(said['memory_requested_bytes'])} and {cores_text(said['cpu_requested_cores'])} "
            f"processors; proposed: {memory_text(said['memory_proposed_bytes'])} and "
            f"{cores_text(said['cpu_proposed_cores'])}"
        )
    return lines


def _or(figure: Figure, now: float | None) -> float:
    return float(figure.value) if isinstance(figure.value, int | float) else now or 0.0


def _memory(value: float | None) -> str:
    return memory_text(value) if value else "-"


def _cores(value: float | None) -> str:
    return cores_text(value) if value else "-"


def _size(figure: Figure) -> str:
    return memory_text(float(figure.value)) if isinstance(figure.value, int | float) else "-"


def _cpu(figure: Figure) -> str:
    return cores_text(float(figure.value)) if isinstance(figure.value, int | float) else "-"
