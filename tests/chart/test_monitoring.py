"""What the chart makes for the operator of Prometheus and for Grafana: nothing, unless it is asked for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from helming import ROOT, Document, named, nested, rendered
from located import REEF, plan, released

sys.path.insert(0, str(Path(__file__).parents[1] / "metrics"))
from chart_files import FOLDER, files

from reef.kube import labels
from reef.kube.objects.replica_set import pack_replica_set
from reef.metrics.grafana import dashboards, grafana_json
from reef.metrics.rules import rules

ALL: dict[str, Any] = {
    "metrics": {name: {"enabled": True} for name in ("podMonitors", "rules", "dashboards")}
}


def test_the_files_of_the_chart_are_those_of_the_definitions() -> None:
    found = {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()}
    assert found == files(), "run tests/metrics/chart_files.py --write"
    assert FOLDER.is_relative_to(ROOT)


@pytest.fixture(scope="module")
def objects(helm: Path) -> list[Document]:
    return rendered(helm, ALL)


def test_nothing_is_made_unless_it_is_asked_for(helm: Path) -> None:
    kinds = {each["kind"] for each in rendered(helm)}
    assert not kinds & {"PodMonitor", "PrometheusRule", "ConfigMap"}


def test_each_process_is_scraped_at_its_port(objects: list[Document]) -> None:
    pods = {
        each["metadata"]["name"]: each["spec"]["template"] for each in objects if each["kind"] == "Deployment"
    }
    pods["reef-pack"] = pack_replica_set(plan([released("sales")]), REEF)["spec"]["template"]
    for name, template in pods.items():
        spec = named(objects, "PodMonitor", name)["spec"]
        wanted = spec["selector"]["matchLabels"]
        assert wanted.items() <= template["metadata"]["labels"].items()
        (endpoint,) = spec["podMetricsEndpoints"]
        ports = {
            port["name"]: port["containerPort"]
            for container in template["spec"]["containers"]
            for port in container.get("ports", ())
        }
        assert ports[endpoint["port"]] == labels.HEALTH_PORT
        assert (endpoint["path"], endpoint["interval"]) == ("/metrics", "30s")


def test_rules_and_dashboards_arrive_as_they_are(objects: list[Document]) -> None:
    assert named(objects, "PrometheusRule", "reef")["spec"] == rules()
    data = named(objects, "ConfigMap", "reef-dashboards")["data"]
    found = {name: json.loads(text) for name, text in data.items()}
    assert found == {f"reef-{name}.json": grafana_json(board) for name, board in dashboards().items()}
    assert sum(map(len, data.values())) < 500_000


def test_they_have_the_labels_that_your_prometheus_looks_for(helm: Path) -> None:
    values = {**nested("metrics.rules.enabled", True)}
    values["metrics"]["rules"]["labels"] = {"release": "prometheus"}
    own = named(rendered(helm, values), "PrometheusRule", "reef")["metadata"]["labels"]
    assert own["release"] == "prometheus"
    assert own[labels.PART_OF] == "reef"
    assert yaml.safe_load(files()["rules.yaml"]) == rules()
