"""What the page of the fleet shows, made from what `reef status` says, what happened and what was sampled. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reef.notes import mb, note, span
from reef.web import drawing
from reef.web.chronicle import Chronicle
from reef.web.links import location_link
from reef.web.series import FleetPoint, Series
from reef.words import count, shortened

STATES = ("failed", "waking", "warm", "loading", "draining", "unprobed", "asleep")
SORTS = ("name", "state", "memory", "wake", "cold", "calls")
BAR_W, CHART_W, CHART_H = 64, 600, 96
NEAR_LIMIT = 0.85
NOBODY = "no owner"
MOST_NOTE = 160


@dataclass(frozen=True, slots=True)
class Row:
    """One location, in text that is ready to be read. `order` is what it is sorted by, as in SORTS after the name."""

    name: str
    link: str
    owner: str
    state: str
    version: str
    memory: str
    limit: str
    own_part: float
    all_part: float
    near_limit: bool
    bar_label: str
    woken_at: float | None
    woken_for: str
    cold: str
    calls: str
    spark: str
    note: str
    error: bool
    order: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Group:
    owner: str
    told: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Of the memory of the fleet, in CHART_W x CHART_H."""

    used: str
    used_area: str
    standing: str
    top: str
    since: str
    label: str


@dataclass(frozen=True, slots=True)
class Totals:
    states: tuple[tuple[str, int], ...]
    locations: int
    used: str
    standing: str
    times: str
    parts: str
    used_part: float
    unmeasured: int
    troubles: tuple[str, ...]
    deploy: str
    chart: Chart | None


def rows_of(status: Mapping[str, Any], chronicle: Chronicle, series: Series) -> list[Row]:
    rows = status["locations"]
    largest = max((row["pss_bytes"] for row in rows), default=0)
    default = status["host"]["default_limit_bytes"]
    return [_row(row, largest, default, chronicle, series) for row in rows]


def _row(row: dict[str, Any], largest: int, default: int, chronicle: Chronicle, series: Series) -> Row:
    """A bar is as long as the location's own limit; beside a limit as large as the machine it would say nothing, so it
    is then as long as the largest of the fleet."""
    name, pss, own = row["name"], row["pss_bytes"], row["private_bytes"]
    limit = row["memory_limit_bytes"] if row["memory_limit_bytes"] != default else None
    wake, cold, said = chronicle.last_wake(name), row["last_cold_start_s"], note(row)
    whole = limit or largest
    return Row(
        name=name,
        link=location_link(name),
        owner=row["owner"] or NOBODY,
        state=row["state"],
        version=(row["version"] or "")[:8],
        memory=mb(pss) if pss else "",
        limit=mb(limit) if limit else "",
        own_part=drawing.part(own, whole, BAR_W),
        all_part=drawing.part(pss, whole, BAR_W),
        near_limit=bool(limit and own >= NEAR_LIMIT * limit),
        bar_label=_bar_label(own, pss, limit),
        woken_at=round(wake.at, 1) if wake else None,
        woken_for=wake.why if wake else "",
        cold="" if cold is None else f"{cold:.2f}",
        calls=f"{row['calls']:,}" if row["calls"] else "",
        spark=drawing.spark(series.memory(name)),
        note=shortened(said, MOST_NOTE),
        error=bool(row["last_error"]),
        order=(
            STATES.index(row["state"]) if row["state"] in STATES else len(STATES),
            pss,
            wake.at if wake else 0,
            cold or 0,
            row["calls"],
        ),
    )


def _bar_label(own: int, pss: int, limit: int | None) -> str:
    if not pss:
        return ""
    of_limit = f"; its limit is {mb(limit)} MB" if limit else ""
    return f"{mb(own)} MB of its own and {mb(max(0, pss - own))} MB shared{of_limit}"


def sorted_rows(rows: Iterable[Row], by: str, down: bool) -> list[Row]:
    """By name where `by` is no column; equal ones by name in any case."""
    found = sorted(rows, key=lambda row: row.name.lower())
    if by in SORTS[1:]:
        column = SORTS.index(by) - 1
        return sorted(found, key=lambda row: row.order[column], reverse=down)
    return found[::-1] if down else found


def fits(row: Row, words: str) -> bool:
    """Whether it has all words of a filter, as the page's script finds them too."""
    cells = (row.state, row.name, row.owner, row.version, row.memory, row.limit, row.woken_for, row.note)
    text = f"{' '.join(cells)} state:{row.state} owner:{row.owner}".lower()
    return all(word in text for word in words.lower().split())


def groups_of(rows: Sequence[Row]) -> list[Group]:
    """By owner, those without one last; rows stay in their order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.owner, []).append(row)
    owners = sorted(found, key=lambda owner: (owner == NOBODY, owner.lower()))
    return [Group(owner, group_told(found[owner]), tuple(found[owner])) for owner in owners]


def group_told(rows: Sequence[Row]) -> str:
    memory = sum(row.order[1] for row in rows)
    states = _counted(rows)
    told = ", ".join(f"{number} {state}" for state, number in states)
    return f"{count(len(rows), 'location')}: {told}" + (f"; {mb(memory)} MB" if memory else "")


def _counted(rows: Iterable[Row]) -> list[tuple[str, int]]:
    numbers: dict[str, int] = {}
    for row in rows:
        numbers[row.state] = numbers.get(row.state, 0) + 1
    return [(state, numbers[state]) for state in sorted(numbers, key=_rank)]


def _rank(state: str) -> int:
    return STATES.index(state) if state in STATES else len(STATES)


def totals_of(status: Mapping[str, Any], rows: Sequence[Row], series: Series) -> Totals:
    totals, host = status["totals"], status["host"]
    used, standing = totals["reef_pss_bytes"], totals["standing_estimate_bytes"]
    return Totals(
        states=tuple(_counted(rows)),
        locations=len(rows),
        used=mb(used),
        standing=mb(standing),
        times=f"{standing / used:.1f}" if used and standing > used else "",
        parts=f"{host.get('called', 'host')} {mb(host['pss_bytes'])}, zygotes {mb(totals['zygotes_pss_bytes'])}, "
        f"servers {mb(totals['children_pss_bytes'])} MB",
        used_part=drawing.part(used, max(standing, used), 100),
        unmeasured=sum(1 for row in status["locations"] if not row["warm_private_bytes"]),
        troubles=_troubles(status),
        deploy=_deploy(status.get("deploy")),
        chart=_chart(series.fleet()),
    )


def _troubles(status: Mapping[str, Any]) -> tuple[str, ...]:
    fleet = status.get("fleet") or {}
    found = [fleet.get("error"), status.get("webserver_trouble"), *(fleet.get("warnings") or ())]
    down = [f"{name} is down" for name, one in (status.get("beside") or {}).items() if one["pid"] is None]
    return tuple(str(text) for text in (*found, *down) if text)


def _deploy(deploy: Mapping[str, Any] | None) -> str:
    if deploy is None:
        return ""
    state = {"running": "is under way", "interrupted": "was cut off"}.get(deploy["state"], "was halted")
    told = f"deploy {deploy['id']} {state}: wave {deploy['wave']} of {deploy['waves']}"
    return f"{told}, {deploy['promoted']} promoted, {len(deploy['not_reached'])} not reached"


def _chart(points: Sequence[FleetPoint]) -> Chart | None:
    """None until there are two points."""
    if len(points) < 2:
        return None
    top = max(max(point.standing, point.used) for point in points)
    box = (points[0].at, points[-1].at, top * 1.08)
    used = drawing.line([(point.at, point.used) for point in points], box, CHART_W, CHART_H)
    standing = drawing.line([(point.at, point.standing) for point in points], box, CHART_W, CHART_H)
    since = span(points[-1].at - points[0].at)
    label = f"Memory over the last {since}: used at most {mb(max(p.used for p in points))} MB, "
    label += f"a pod for each location would take {mb(points[-1].standing)} MB"
    return Chart(used, drawing.area(used, CHART_H), standing, mb(top), since, label)
