"""Dashboards and rules ask for nothing that is not defined, and Grafana can read them."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from reef.cli.metrics import command
from reef.metrics import of_locations
from reef.metrics.alerts import alerts
from reef.metrics.definitions import METRICS
from reef.metrics.grafana import COLUMNS, dashboards, grafana_json
from reef.metrics.promql import rate, select
from reef.metrics.recording import recordings

SAMPLES = {name for metric in METRICS for name in metric.sample_names}
OF_KUBELET = {"container_memory_working_set_bytes", "container_cpu_usage_seconds_total"}


def expressions() -> list[str]:
    of_panels = [
        query.expr
        for board in dashboards().values()
        for row in board.rows
        for p in row.panels
        for query in p.queries
    ]
    return [*of_panels, *(one.expr for one in recordings()), *(one.expr for one in alerts())]


def test_each_name_in_a_query_is_defined() -> None:
    recorded = {one.record for one in recordings()}
    for expr in expressions():
        asked = set(re.findall(r"\b(?:reef|process|container)_\w+|\breef:[\w:]+", expr))
        assert asked, expr
        assert asked <= SAMPLES | OF_KUBELET | recorded, expr


def test_a_query_for_a_label_that_a_metric_does_not_have_is_not_made() -> None:
    with pytest.raises(ValueError, match="no label 'reason'"):
        select(of_locations.CPU, 'reason="idle"')
    with pytest.raises(ValueError, match="no label 'cause'"):
        rate(of_locations.WAKES, "", "cause")


@pytest.mark.parametrize("name", ["fleet", "location", "cluster"])
def test_panels_have_places_of_their_own_and_a_source(name: str) -> None:
    found = grafana_json(dashboards()[name])
    cells: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & cells, panel["title"]
        assert max(x for x, _ in own) < COLUMNS
        cells |= own
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])
    variables = {one["name"] for one in found["templating"]["list"]}
    used = set(re.findall(r"\$(\w+)", json.dumps([panel.get("targets") for panel in found["panels"]])))
    assert used - {"__rate_interval", "datasource"} == variables - {"datasource"}
    assert all(
        panel["datasource"]["uid"] == "${datasource}" for panel in found["panels"] if panel["type"] != "row"
    )


def test_the_commands_print_them() -> None:
    run = CliRunner().invoke
    assert json.loads(run(command, ["dashboard", "location"]).output)["uid"] == "reef-location"
    assert run(command, ["rules"]).output.startswith("groups:\n")
    assert json.loads(run(command, ["rules", "--json"]).output)["groups"]
    listed = json.loads(run(command, ["list", "--json"]).output)
    assert [one["name"] for one in listed] == [metric.name for metric in METRICS]
    assert all(metric.name in run(command, ["list"]).output for metric in METRICS[:3])
    assert run(command, ["dashboard", "nonsense"]).exit_code == 2
