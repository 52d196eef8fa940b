"""What the page of one location shows. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reef.notes import mb, span
from reef.web import drawing
from reef.web.chronicle import Wake
from reef.web.moments import Moment
from reef.words import count, seconds

STRIP_W, STRIP_H = 600, 34
LEAST_STRIP_S = 600.0
MARKS = {"trouble": "trouble", "refused": "trouble", "version": "version", "run": "run", "calls": "calls"}


@dataclass(frozen=True, slots=True)
class Line:
    """A moment of the timeline."""

    at: float
    clock: str
    kind: str
    text: str
    took: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The timeline drawn, in STRIP_W x STRIP_H: `up` are (x, width) of the times with a server, `marks` (x, kind)."""

    up: tuple[tuple[float, float], ...]
    marks: tuple[tuple[float, str], ...]
    since: str
    label: str


@dataclass(frozen=True, slots=True)
class ColdStarts:
    bars: tuple[tuple[int, float, str], ...]  # x, height of 40, what it says
    told: str


def facts_of(row: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Labels and values, of what is known."""
    outside = row["outside"]
    found = (
        ("version", row["version"] or "nothing is served yet"),
        ("owner", row["owner"]),
        ("placement", row["placement"]),
        ("process", _process(row)),
        ("not forked", row["not_forked_because"]),
        ("own memory", _memory(row)),
        ("shared memory", f"{mb(row['shared_bytes'])} MB" if row["shared_bytes"] else None),
        ("limit", f"{mb(row['memory_limit_bytes'])} MB" if row["memory_limit_bytes"] else None),
        ("wakes", f"{row['wakes']:,}"),
        ("calls", f"{row['calls']:,}" + (f", {row['in_flight']} under way" if row["in_flight"] else "")),
        ("used every", seconds(row["call_interval_s"]) if row["call_interval_s"] else None),
        ("sleeps after", _idle(row)),
        ("live runs", ", ".join(run[:8] for run in row["live_runs"])),
        ("pinned", row["pinned"]),
        ("paused", "Reef leaves it as it is" if row.get("paused") else None),
        ("no way back", row["not_kept"]),
        (
            "answers recorded",
            f"{span(row['snapshot_age_s'])} ago" if row["snapshot_age_s"] is not None else None,
        ),
        ("its load connects to", ", ".join(outside["connects"])),
        ("its load starts", ", ".join(outside["starts"])),
    )
    return tuple((label, str(value)) for label, value in found if value)


def _idle(row: Mapping[str, Any]) -> str | None:
    """On a cluster the host of its pack knows."""
    if (idle := row["idle_timeout_s"]) is not None:
        return f"{seconds(idle)} without calls"
    return None if "up" in row else "never"


def _process(row: Mapping[str, Any]) -> str | None:
    if row["pid"] is None:
        return row.get("where")
    return f"pid {row['pid']}, " + ("forked" if row["forked"] else "a fresh interpreter")


def _memory(row: Mapping[str, Any]) -> str | None:
    if row["private_bytes"]:
        return f"{mb(row['private_bytes'])} MB"
    return f"{mb(row['warm_private_bytes'])} MB when it was last warm" if row["warm_private_bytes"] else None


def definitions_of(row: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """What it defines and how many; empty where nothing was recorded."""
    found = row["definitions"]
    if not found:
        return ()
    numbers = [(what, found.get(what)) for what in ("assets", "asset_checks", "jobs", "schedules", "sensors")]
    return tuple(
        (what.replace("_", " "), each if isinstance(each, int) else len(each or ())) for what, each in numbers
    )


def told_moments(moments: Sequence[Moment]) -> tuple[Line, ...]:
    """Newest first."""
    return tuple(_told(moment) for moment in reversed(moments))


def _told(moment: Moment) -> Line:
    text = moment.text if moment.number == 1 else f"{count(moment.number, moment.text)}"
    took = "" if moment.took_s is None else _took(moment)
    return Line(moment.at, clock_of(moment.at), moment.kind, text, took)


def _took(moment: Moment) -> str:
    return ("at most " if moment.number > 1 else "") + seconds(max(moment.took_s or 0.0, 0.001))


def clock_of(at: float) -> str:
    """The time of day of this machine, with the day where that is another."""
    when = datetime.datetime.fromtimestamp(at).astimezone()
    today = datetime.datetime.now().astimezone().date()
    return when.strftime("%H:%M:%S" if when.date() == today else "%Y-%m-%d %H:%M:%S")


def strip_of(moments: Sequence[Moment], is_up: bool, now: float) -> Strip:
    first = min((moment.at for moment in moments), default=now)
    start = min(first, now - LEAST_STRIP_S)
    spans = _spans(moments, is_up, start, now)

    def x(at: float) -> float:
        return round(STRIP_W * (at - start) / (now - start), 1)

    up = tuple((x(begin), max(1.0, round(x(end) - x(begin), 1))) for begin, end in spans)
    marks = [(x(m.at), MARKS[m.kind]) for m in moments if m.kind in MARKS]
    part = sum(end - begin for begin, end in spans) / (now - start)
    since = span(now - start)
    label = f"In the last {since} a server was there {part:.0%} of the time; {_counts(moments)}"
    return Strip(up, tuple(marks), since, label)


def _counts(moments: Sequence[Moment]) -> str:
    calls = sum(moment.number for moment in moments if moment.kind in ("calls", "run"))
    wakes = sum(1 for moment in moments if moment.kind == "wake")
    troubles = sum(1 for moment in moments if moment.kind in ("trouble", "refused"))
    return ", ".join((count(wakes, "wake"), count(calls, "call"), count(troubles, "trouble")))


def _spans(moments: Sequence[Moment], is_up: bool, start: float, now: float) -> list[tuple[float, float]]:
    """Between wakes and ends. What the list has forgotten, or what goes on, is told by what comes next."""
    found: list[tuple[float, float]] = []
    begun: float | None = None
    seen = False
    for moment in moments:
        if moment.kind == "wake":
            begun, seen = moment.at if begun is None else begun, True
        elif moment.kind in ("sleep", "end") and (begun is not None or not seen):
            found.append((start if begun is None else begun, moment.at))
            begun, seen = None, True
    if is_up:
        found.append((start if begun is None and not seen else begun or now, now))
    elif begun is not None:
        found.append((begun, begun))
    return found


def cold_starts_of(wakes: Sequence[Wake]) -> ColdStarts | None:
    """The last ones, oldest first; None where there was none since the host started."""
    if not wakes:
        return None
    took = sorted(wake.took_s for wake in wakes)
    bars = tuple(
        (index, drawing.part(wake.took_s, took[-1], 40), f"{wake.took_s:.2f} s, {wake.why}")
        for index, wake in enumerate(wakes)
    )
    told = f"the last {seconds(wakes[-1].took_s)}, half of {len(took)} within {seconds(took[(len(took) - 1) // 2])}"
    return ColdStarts(bars, f"{told}, the slowest {seconds(took[-1])}")
