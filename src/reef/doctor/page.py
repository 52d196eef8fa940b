"""The report as one HTML file that asks nobody for anything: tables, and for each location a flame graph of what
importing costs by module. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape

from reef.doctor.amounts import size_of, time_of
from reef.doctor.findings import Diagnosis, Finding
from reef.doctor.flames import Flame
from reef.doctor.report import Report, shown_path
from reef.words import count

WIDTH, ROW = 960, 18
LEAST = 0.004  # of the width, below which a module is not drawn
DEEPEST = 24
_STYLE = """
:root { color-scheme: light dark; --line: #8884; --accent: #b4531a; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code { font-size: .82rem; overflow-wrap: anywhere; } .why { opacity: .75; } .bad { color: var(--accent); }
svg { width: 100%; height: auto; display: block; } svg text { font: 11px ui-monospace, monospace; fill: #1d1d1d; }
svg rect { stroke: #fff8; stroke-width: .5; } details { margin: .6rem 0; } summary { cursor: pointer; }
"""
_COLOURS = ("#f3b183", "#f0c48a", "#f2a98f", "#e9bd7b", "#f4cda2", "#eda377")


def page_of(report: Report, flames: Mapping[str, Flame]) -> str:
    """`flames`: by location."""
    parts = [
        "<!doctype html><html lang=en><head><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width, initial-scale=1'>",
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>reef doctor</title><style>{_STYLE}</style></head><body>",
        f"<h1>What loading costs: {escape(shown_path(report.fleet, report.top))}</h1>",
        *_summary(report),
        *_findings(report),
        *_libraries(report),
        *(part for one in report.diagnoses for part in _location(one, flames.get(one.location))),
        "</body></html>",
    ]
    return "\n".join(parts)


def _summary(report: Report) -> Iterator[str]:
    findings = report.findings()
    saved = size_of(sum(one.saving_bytes for one in findings))
    yield f"<p>{count(len(report.diagnoses), 'location')}, {count(len(findings), 'finding')}; {saved} can be saved.</p>"
    for over in report.over_budget:
        where = (
            f" (<code>{escape(shown_path(over.file, report.top))}:{over.line}</code>)" if over.file else ""
        )
        yield f"<p class=bad>Over budget: {escape(over.location)}: {escape(over.message)}{where}</p>"


def _findings(report: Report) -> Iterator[str]:
    if not report.findings():
        return
    yield "<h2>Findings</h2><table><tr><th class=n>saves<th class=n>costs<th class=n>load"
    yield "<th>needed<th>where and why</tr>"
    for one in sorted(report.findings(), key=lambda one: (-one.saving_bytes, -one.costs.private_bytes)):
        yield _finding(one, report.top)
    yield "</table>"


def _finding(one: Finding, top: str) -> str:
    where = f"{shown_path(one.file, top)}:{one.line}" if one.file else "settings"
    also = "".join(
        f"<br><span class=why>also {escape(shown_path(place.file, top))}:{place.line}"
        f"{f', {size_of(place.bytes)} shared' if place.bytes else ''}</span>"
        for place in one.shared_with
    )
    return (
        f"<tr><td class=n>{size_of(one.saving_bytes)}<td class=n>{size_of(one.costs.private_bytes)}"
        f"<td class=n>{time_of(one.costs.wall_s)}<td>{escape(one.needed)}"
        f"<td><b>{escape(one.location)}</b> <code>{escape(where)}</code><br><code>{escape(one.statement)}</code>"
        f"<br>{escape(one.message)}<br><span class=why>{escape(one.cure)}</span>{also}</tr>"
    )


def _libraries(report: Report) -> Iterator[str]:
    if not report.libraries:
        return
    yield "<h2>Libraries</h2><table><tr><th>library<th class=n>together<th class=n>load<th>imported by</tr>"
    for one in report.libraries:
        lines = "<br>".join(
            f"{escape(line.location)} <code>{escape(shown_path(line.file, report.top))}:{line.line}</code> "
            f"{size_of(line.bytes)}"
            for line in one.lines
        )
        head = f"<tr><td>{escape(one.name)}<td class=n>{size_of(one.bytes)}<td class=n>{time_of(one.seconds)}"
        yield f"{head}<td>{lines}</tr>"
    yield "</table>"


def _location(one: Diagnosis, flame: Flame | None) -> Iterator[str]:
    yield f"<h2>{escape(one.location)}</h2>"
    for trouble in one.trouble:
        where = f"{trouble.file}:{trouble.line} " if trouble.file else ""
        yield f"<p class=bad><code>{escape(where)}</code>{escape(trouble.message)}</p>"
    if flame is None:
        return
    own = f"{size_of(one.own.private_bytes)} of its own, {time_of(one.own.wall_s)} to load"
    yield f"<p>{own}; with Dagster {size_of(one.load.private_bytes)}.</p>"
    yield f"<details open><summary>memory by who asked first</summary>{flame_svg(flame, True)}</details>"
    yield f"<details><summary>time by who asked first</summary>{flame_svg(flame, False)}</details>"


def flame_svg(flame: Flame, memory: bool) -> str:
    """Statements at the top, what they bring below; as wide as its share."""
    whole = _size(flame, memory)
    if whole <= 0:
        return "<p class=why>nothing to show</p>"
    rects: list[str] = []
    depth = _draw(flame, 0.0, float(WIDTH), 0, whole, memory, rects)
    height = (depth + 1) * ROW
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{"".join(rects)}</svg>'


def _size(flame: Flame, memory: bool) -> float:
    return float(flame.bytes) if memory else flame.seconds


def _draw(
    flame: Flame, left: float, width: float, depth: int, whole: float, memory: bool, rects: list[str]
) -> int:
    amount = size_of(flame.bytes) if memory else time_of(flame.seconds)
    label = f"{flame.name} {amount}"
    shown = escape(label[: max(0, int(width / 6.7))]) if width > 30 else ""
    colour = _COLOURS[sum(map(ord, flame.name)) % len(_COLOURS)]
    y = depth * ROW
    rects.append(
        f"<g><title>{escape(f'{flame.where or flame.name}: {amount}')}</title>"
        f'<rect x="{left:.1f}" y="{y}" width="{width:.1f}" height="{ROW}" fill="{colour}"/>'
        f'<text x="{left + 3:.1f}" y="{y + 13}">{shown}</text></g>'
    )
    deepest = depth
    for one in flame.below:
        share = WIDTH * _size(one, memory) / whole
        if share >= WIDTH * LEAST and depth < DEEPEST:
            deepest = max(deepest, _draw(one, left, share, depth + 1, whole, memory, rects))
            left += share
    return deepest
