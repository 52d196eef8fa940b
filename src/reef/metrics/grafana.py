"""Dashboards as Grafana imports them."""

from __future__ import annotations

from typing import Any

from reef.metrics.cluster_board import cluster_board
from reef.metrics.fleet_board import fleet_board
from reef.metrics.location_board import location_board
from reef.metrics.panels import Dashboard, Panel, Variable

COLUMNS = 24
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = 39  # of Grafana 10.4 and later, which read older ones too


def dashboards() -> dict[str, Dashboard]:
    """By the word that `reef metrics dashboard` takes."""
    return {"fleet": fleet_board(), "location": location_board(), "cluster": cluster_board()}


def grafana_json(dashboard: Dashboard) -> dict[str, Any]:
    """The JSON model of one."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["reef", "dagster"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["reef"], "title": "Reef", "asDropdown": True}],
        "templating": {"list": [_source_choice(), *map(_choice, dashboard.variables)]},
        "panels": _panels(dashboard),
    }


def _source_choice() -> dict[str, Any]:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}


def _choice(variable: Variable) -> dict[str, Any]:
    query = f"label_values({variable.metric}, {variable.label})"
    found = {
        "name": variable.name,
        "label": variable.name.capitalize(),
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "multi": variable.many,
        "includeAll": variable.many,
    }
    return (
        {**found, "allValue": ".*", "current": {"text": "All", "value": "$__all"}} if variable.many else found
    )


def _panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    """From left to right, row by row, as a reader reads."""
    found: list[dict[str, Any]] = []
    y = 0
    for row in dashboard.rows:
        found.append(
            _placed({"type": "row", "title": row.title, "collapsed": False}, len(found), 0, y, COLUMNS, 1)
        )
        y, x, deepest = y + 1, 0, 0
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                y, x, deepest = y + deepest, 0, 0
            found.append(_placed(_panel(panel), len(found), x, y, panel.width, panel.height))
            x, deepest = x + panel.width, max(deepest, panel.height)
        y += deepest
    return found  # fmt: skip


def _placed(panel: dict[str, Any], number: int, x: int, y: int, width: int, height: int) -> dict[str, Any]:
    return {**panel, "id": number + 1, "gridPos": {"x": x, "y": y, "w": width, "h": height}}


def _panel(panel: Panel) -> dict[str, Any]:
    is_now = panel.look != "timeseries"
    targets = [
        {
            "refId": chr(ord("A") + at),
            "datasource": SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "instant": is_now,
            "range": not is_now,
            "format": "table" if panel.look == "table" else "time_series",
        }
        for at, query in enumerate(panel.queries)
    ]
    custom = {"stacking": {"mode": "normal"}, "fillOpacity": 30} if panel.stacked else {"fillOpacity": 5}
    return {
        "type": panel.look,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "targets": targets,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, **({"custom": custom} if not is_now else {})},
            "overrides": [],
        },
    }
