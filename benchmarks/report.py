"""What a benchmark found: a table for people, an SVG for the docs, JSON with bars for programs."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path

import measure


@dataclass(frozen=True)
class Bar:
    """A figure that must stay on one side of a limit; `bar` reads like "<= 90"."""

    name: str
    value: float
    unit: str
    bar: str
    holds: bool


@dataclass(frozen=True)
class Figure:
    """A measured figure; `estimated` where it was multiplied from fewer than it speaks of."""

    group: str
    label: str
    value: float
    unit: str
    estimated: bool = False


@dataclass
class Report:
    title: str
    setting: dict[str, object]
    figures: list[Figure] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self, group: str, label: str, value: float, unit: str, *, estimated: bool = False) -> float:
        self.figures.append(Figure(group, label, value, unit, estimated))
        measure.say(f"{group}: {label}: {_number(value)} {unit}{' (estimated)' if estimated else ''}")
        return value

    def at_most(self, name: str, value: float, bar: float, unit: str) -> None:
        self.bars.append(Bar(name, value, unit, f"<= {_number(bar)}", value <= bar))

    def at_least(self, name: str, value: float, bar: float, unit: str) -> None:
        self.bars.append(Bar(name, value, unit, f">= {_number(bar)}", value >= bar))

    @property
    def holds(self) -> bool:
        return all(bar.holds for bar in self.bars)


def arguments(description: str, **defaults: int) -> argparse.ArgumentParser:
    """The options that all benchmarks share; further ones are integers with a default."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--python", default=sys.executable, type=_found, help="interpreter of the locations")
    parser.add_argument(
        "--quick", action="store_true", help="within a minute; the other side from 4 locations"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--svg", type=Path, help="draw the figures into this file")
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    return parser


def _found(python: str) -> str:
    """As a path that is the same from every folder; symbolic links stay, they lead out of environments."""
    return os.path.abspath(shutil.which(python) or python)


def setting_of(args: argparse.Namespace) -> dict[str, object]:
    """What must be said beside every figure."""
    major, minor = measure.python_version(args.python)
    return {
        "python": f"{major}.{minor}", "dagster": measure.dagster_version(args.python),
        "cores": len(os.sched_getaffinity(0)), "quick": args.quick, "bytecode": "compiled on both sides",
    }  # fmt: skip


def emit(report: Report, args: argparse.Namespace) -> int:
    """Print and draw; the exit status: 1 where a bar does not hold."""
    if args.svg:
        args.svg.write_text(svg(report))
    print(json.dumps(as_json(report)) if args.json else table(report))
    return 0 if report.holds else 1


def as_json(report: Report) -> dict[str, object]:
    return {
        "title": report.title, "setting": report.setting, "holds": report.holds, "notes": report.notes,
        "bars": [asdict(bar) for bar in report.bars], "figures": [asdict(figure) for figure in report.figures],
    }  # fmt: skip


def table(report: Report) -> str:
    """Plain text: what was found, then the bars."""
    setting = ", ".join(f"{name} {value}" for name, value in report.setting.items())
    rows = [
        (figure.group, figure.label, _number(figure.value) + ("*" if figure.estimated else ""), figure.unit)
        for figure in report.figures
    ]
    bars = [
        (
            "holds" if bar.holds else "FAILS",
            bar.name,
            f"{_number(bar.value)} {bar.unit}",
            f"{bar.bar} {bar.unit}",
        )
        for bar in report.bars
    ]
    lines = [f"{report.title} ({setting})", "", *_aligned(rows, right=2)]
    if any(figure.estimated for figure in report.figures):
        lines.append("* measured on fewer and multiplied")
    lines += ["", *_aligned(bars, right=-1), *(["", *report.notes] if report.notes else [])]
    return "\n".join(lines)


def _aligned(rows: Sequence[tuple[str, ...]], right: int) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            cell.rjust(width) if column == right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


_LEFT, _BAR, _LINE, _WIDTH = 290, 360, 22, 760
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1b2733}.h{font-weight:600}.q{fill:#5b6b7a}"
    ".r{fill:#1f9e89}.o{fill:#b9c4ce}.f{fill:#fff}"
    "@media(prefers-color-scheme:dark){text{fill:#e3e9ee}.q{fill:#9fb0be}.o{fill:#55626d}.f{fill:#12181d}}"
)


def svg(report: Report) -> str:
    """Horizontal bars, each group on a scale of its own; Reef's bars in colour. No script, no font, no link."""
    parts, y = [_text(16, 28, report.title, "h"), _text(16, 48, _caption(report), "q")], 74
    groups: dict[tuple[str, str], list[Figure]] = {}
    for figure in report.figures:
        groups.setdefault((figure.group, figure.unit), []).append(figure)
    for (group, unit), figures in groups.items():
        parts.append(_text(16, y, f"{group} ({unit})", "h"))
        top = max(figure.value for figure in figures) or 1
        for figure in figures:
            y += _LINE
            parts += _row(figure, y, top)
        y += _LINE + 14
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" role="img">'
    title = f"<title>{escape(report.title)}</title><style>{_STYLE}</style>"
    return f'{head}{title}<rect class="f" width="{_WIDTH}" height="{y}"/>{"".join(parts)}</svg>\n'


def _row(figure: Figure, y: int, top: float) -> list[str]:
    length = max(1.0, figure.value / top * _BAR)
    kind = "r" if "reef" in figure.label.lower() else "o"
    value = _number(figure.value) + (" (estimated)" if figure.estimated else "")
    return [
        f'<text x="{_LEFT - 10}" y="{y}" text-anchor="end">{escape(figure.label)}</text>',
        f'<rect class="{kind}" x="{_LEFT}" y="{y - 12}" width="{length:.1f}" height="15" rx="2"/>',
        _text(_LEFT + length + 6, y, value, "q"),
    ]


def _text(x: float, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:.0f}" y="{y}">{escape(text)}</text>'


def _caption(report: Report) -> str:
    setting = report.setting
    quick = ", quick" if setting.get("quick") else ""
    return f"Python {setting['python']}, Dagster {setting['dagster']}, {setting['cores']} cores{quick}"
