"""What a panel of a dashboard shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Look = Literal["timeseries", "stat", "table", "bargauge"]


@dataclass(frozen=True)
class Query:
    """`legend` as Grafana has it: `{{label}}`."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """`unit` is Grafana's. `stacked`: areas on top of each other."""

    title: str
    look: Look
    queries: tuple[Query, ...]
    unit: str = "short"
    about: str = ""
    width: int = 8
    height: int = 7
    stacked: bool = False


@dataclass(frozen=True)
class Row:
    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Variable:
    """A choice at the top: the values of `label` of `metric`."""

    name: str
    metric: str
    label: str
    many: bool = True


@dataclass(frozen=True)
class Dashboard:
    uid: str
    title: str
    about: str
    variables: tuple[Variable, ...]
    rows: tuple[Row, ...]


def lines(title: str, *queries: tuple[str, str], unit: str = "short", about: str = "") -> Panel:
    """Over time; each query is its legend and its expression."""
    return Panel(title, "timeseries", tuple(Query(expr, legend) for legend, expr in queries), unit, about)


def areas(title: str, *queries: tuple[str, str], unit: str = "short", about: str = "") -> Panel:
    """The same, on top of each other."""
    return replace(lines(title, *queries, unit=unit, about=about), stacked=True)


def bars(title: str, expr: str, unit: str = "short", about: str = "") -> Panel:
    """One for each location, now."""
    return Panel(title, "bargauge", (Query(expr, "{{location}}"),), unit, about)


def figure(title: str, expr: str, unit: str = "short", about: str = "", width: int = 4) -> Panel:
    """One number, now."""
    return Panel(title, "stat", (Query(expr),), unit, about, width=width, height=4)
