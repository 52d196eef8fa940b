"""The chart's values: each does something, nonsense is refused with a sentence, and docs/chart.md has them all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import chart_page
import pytest
import yaml
from helming import CHART, ROOT, called, named, nested, refused, rendered

import reef
from reef.controller.rules import read_rules

OTHERWISE: dict[str, Any] = {
    "image.repository": "registry.example/reef",
    "image.tag": "7.7.7",
    "image.digest": f"sha256:{'a' * 64}",
    "image.pullPolicy": "Always",
    "imagePullSecrets": [{"name": "of-the-registry"}],
    "crds.install": False,
    "crds.keep": False,
    "database.urlSecret.name": "reef-database",
    "database.urlSecret.key": "address",
    "database.host": "db.example",
    "database.port": 6432,
    "database.name": "warehouse",
    "database.user": "somebody",
    "database.passwordSecret.name": "of-the-database",
    "database.passwordSecret.key": "secret-key",
    "webserver.url": "http://other-webserver:3000",
    "workspace.configMap": "other-workspace",
    "controller.replicas": 3,
    "controller.resources": {"requests": {"cpu": "77m"}},
    "controller.nodeSelector": {"pool": "c7"},
    "controller.tolerations": [{"key": "c7", "operator": "Exists"}],
    "controller.affinity": {"nodeAffinity": {"a7": []}},
    "controller.podAnnotations": {"note": "c7"},
    "gateway.replicas": 5,
    "gateway.resources": {"limits": {"memory": "777Mi"}},
    "gateway.nodeSelector": {"pool": "g7"},
    "gateway.tolerations": [{"key": "g7", "operator": "Exists"}],
    "gateway.affinity": {"nodeAffinity": {"b7": []}},
    "gateway.podAnnotations": {"note": "g7"},
    "page.enabled": False,
    "page.logs": False,
    "page.dagsterUrl": "https://dagster.example",
    "page.actions.enabled": True,
    "page.actions.tokenSecret.name": "other-token",
    "page.actions.tokenSecret.key": "word",
    "page.history.enabled": False,
    "page.history.days": 90,
    "page.service.enabled": True,
    "page.service.callers": [{"podSelector": {"matchLabels": {"app": "proxy"}}}],
    "page.service.hosts": ["reef.example"],
    "page.resources": {"limits": {"memory": "333Mi"}},
    "page.nodeSelector": {"pool": "p7"},
    "page.tolerations": [{"key": "p7", "operator": "Exists"}],
    "page.affinity": {"nodeAffinity": {"p7": []}},
    "page.podAnnotations": {"note": "p7"},
    "packs.sharedByOwners": True,
    "packs.host.resources": {"requests": {"memory": "66Mi"}},
    "rollout.probes": 9,
    "rollout.many": 50,
    "rollout.waves": ["1", "25%"],
    "rollout.soak": "2m",
    "rollout.canary": ["first-one"],
    "rollout.refusedShare": 0.75,
    "rbac.create": False,
    "serviceAccount.create": False,
    "serviceAccount.annotations": {"note": "account"},
    "networkPolicy.enabled": False,
    "networkPolicy.callers": [{"podSelector": {"matchLabels": {"app": "dagster"}}}],
    "podDisruptionBudget.enabled": False,
    "logFormat": "json",
    "metrics.podMonitors.enabled": True,
    "metrics.podMonitors.interval": "2m",
    "metrics.podMonitors.labels": {"release": "m7"},
    "metrics.rules.enabled": True,
    "metrics.rules.labels": {"release": "r7"},
    "metrics.dashboards.enabled": True,
    "metrics.dashboards.labels": {"dashboards": "d7"},
    "metrics.dashboards.annotations": {"grafana_folder": "f7"},
}
"""Another value than the default."""

ONLY_WITH: dict[str, dict[str, Any]] = {
    "database.urlSecret.key": nested("database.urlSecret.name", "reef-database"),
    "page.actions.enabled": nested("page.actions.tokenSecret.name", "a-token"),
    "page.actions.tokenSecret.name": nested(
        "page.actions", {"enabled": True, "tokenSecret": {"name": "a-token"}}
    ),
    "page.actions.tokenSecret.key": nested(
        "page.actions", {"enabled": True, "tokenSecret": {"name": "a-token"}}
    ),
    "page.service.callers": nested("page.service.enabled", True),
    "page.service.hosts": nested("page.service.enabled", True),
    "metrics.podMonitors.interval": nested("metrics.podMonitors.enabled", True),
    "metrics.podMonitors.labels": nested("metrics.podMonitors.enabled", True),
    "metrics.rules.labels": nested("metrics.rules.enabled", True),
    "metrics.dashboards.labels": nested("metrics.dashboards.enabled", True),
    "metrics.dashboards.annotations": nested("metrics.dashboards.enabled", True),
}
"""What has to be set too, or the value is not looked at."""

NONSENSE: dict[str, tuple[dict[str, Any], str]] = {
    "a value that is not there": ({"gatway": {"replicas": 3}}, "additional properties 'gatway' not allowed"),
    "one inside": (
        nested("gateway.replica", 3),
        "at '/gateway': additional properties 'replica' not allowed",
    ),
    "a word for a number": (
        nested("gateway.replicas", "two"),
        "at '/gateway/replicas': got string, want integer",
    ),
    "less than none": (
        nested("controller.replicas", -1),
        "at '/controller/replicas': minimum: got -1, want 0",
    ),
    "a port": (nested("database.port", 99_999), "at '/database/port': maximum: got 99,999, want 65,535"),
    "one of a few": ({"logFormat": "yaml"}, "at '/logFormat': value must be one of 'text', 'json'"),
    "when to pull": (
        nested("image.pullPolicy", "Sometimes"),
        "must be one of 'Always', 'IfNotPresent', 'Never'",
    ),
    "a misspelt request": (
        nested("gateway.resources.request", {"cpu": 1}),
        "at '/gateway/resources': additional properties 'request' not allowed",
    ),
    "no name": (nested("workspace.configMap", ""), "at '/workspace/configMap': minLength: got 0, want 1"),
    "a secret without a name": ({"imagePullSecrets": [{}]}, "missing property 'name'"),
    "a share over all": (
        nested("rollout.refusedShare", 1.5),
        "at '/rollout/refusedShare': maximum: got 1.5, want 1",
    ),
    "a digest": (
        nested("image.digest", "sha256:abc"),
        "it must be sha256: and 64 hexadecimal digits, or empty",
    ),
    "a wave": (
        nested("rollout.waves", ["ten"]),
        'rollout.waves has "ten": a wave ends at a share of the locations such as 10%, or at a number of them',
    ),
    "an interval": (
        nested("metrics.podMonitors.interval", "often"),
        'metrics.podMonitors.interval is "often": it must be a span of time such as 30s or 1m',
    ),
    "a label that is no word": (
        nested("metrics.rules.labels", {"release": 1}),
        "at '/metrics/rules/labels/release': got number, want string",
    ),
    "a span": (nested("rollout.soak", "30"), 'rollout.soak is "30": it must be a span of time such as 30s'),
    "an address": (
        nested("webserver.url", "dagster:80"),
        'webserver.url is "dagster:80": it must begin with http:// or https://',
    ),
    "an address for a browser": (
        nested("page.dagsterUrl", "dagster.example"),
        'page.dagsterUrl is "dagster.example": it must begin with http:// or https://',
    ),
    "buttons without a token": (
        nested("page.actions.enabled", True),
        "page.actions.tokenSecret.name is empty: buttons need the Secret",
    ),
    "more days than there are": (
        nested("page.history.days", 4000),
        "at '/page/history/days': maximum: got 4,000, want 400",
    ),
    "a name of an object": (
        nested("workspace.configMap", "My Workspace"),
        "small letters, digits, - and . only",
    ),
    "no way to the database": (
        nested("database.passwordSecret.name", ""),
        "one of them must name the Secret",
    ),
}


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    found = dict(one)
    for name, value in other.items():
        there = found.get(name)
        both = isinstance(there, dict) and isinstance(value, dict)
        found[name] = merged(there, value) if both else value  # type: ignore[arg-type]
    return found


def test_helm_finds_nothing_wrong(helm: Path) -> None:
    done = called(helm, "lint", "--strict", str(CHART))
    assert done.returncode == 0, done.stdout


def test_the_page_is_what_values_and_schema_say() -> None:
    assert chart_page.written() == chart_page.table(), "run tests/chart/chart_page.py --write"


def test_the_schema_has_each_value_and_no_other() -> None:
    def names(part: dict[str, Any]) -> set[str]:
        return set(part["properties"]) - {"global"}

    def same(given: dict[str, Any], told: dict[str, Any], path: str) -> None:
        assert set(given) == names(told), path
        assert told["additionalProperties"] is False, path
        for name, value in given.items():
            assert told["properties"][name]["description"].endswith("."), f"{path}.{name}"
            if isinstance(value, dict) and "properties" in told["properties"][name] and name != "resources":
                same(value, told["properties"][name], f"{path}.{name}")

    same(chart_page.values(), chart_page.schema(), "")


@pytest.fixture(scope="module")
def plain(helm: Path) -> list[dict[str, Any]]:
    return rendered(helm)


def test_each_value_has_another_one_to_try() -> None:
    defaults = {path: default for path, default, _ in chart_page.rows()}
    assert OTHERWISE.keys() == defaults.keys()
    assert [path for path, value in OTHERWISE.items() if value == defaults[path]] == []


@pytest.mark.parametrize("path", OTHERWISE)
def test_each_value_changes_what_is_made(helm: Path, plain: list[dict[str, Any]], path: str) -> None:
    value, more = OTHERWISE[path], ONLY_WITH.get(path)
    before = rendered(helm, more) if more else plain
    after = rendered(helm, merged(more or {}, nested(path, value)))
    assert after != before
    told = json.dumps(after)
    assert [leaf for leaf in leaves(value) if leaf not in told] == []


def leaves(value: object) -> list[str]:
    """The words and numbers in it: they must stand somewhere in what is made."""
    if isinstance(value, dict):
        return [leaf for each in value.values() for leaf in leaves(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in leaves(each)]
    return [] if isinstance(value, bool) else [str(value)]


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_is_refused_with_a_sentence(helm: Path, name: str) -> None:
    given, sentence = NONSENSE[name]
    said = refused(helm, given)
    assert sentence in said


def test_an_older_cluster_is_refused(helm: Path) -> None:
    done = called(helm, "template", "reef", str(CHART), "--kube-version", "1.29.9")
    assert done.returncode != 0
    assert ">=1.30.0-0" in done.stderr


def test_an_umbrella_chart_may_say_things_of_its_own(helm: Path) -> None:
    assert rendered(helm, {"global": {"postgresql": {"host": "x"}}})


def test_chart_and_package_have_one_version() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert chart["version"] == chart["appVersion"] == reef.__version__


def test_the_resource_of_the_chart_is_that_of_the_docs() -> None:
    assert (CHART / "crds.yaml").read_text("utf-8") == (ROOT / "docs" / "codelocations.crd.yaml").read_text(
        "utf-8"
    )


def test_the_resource_stays_when_reef_goes(helm: Path, plain: list[dict[str, Any]]) -> None:
    name = "codelocations.dagster-reef.io"
    kept = named(plain, "CustomResourceDefinition", name)
    assert kept["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    whole = yaml.safe_load((CHART / "crds.yaml").read_text("utf-8"))
    assert kept["spec"] == whole["spec"]
    goes = named(rendered(helm, nested("crds.keep", False)), "CustomResourceDefinition", name)
    assert "helm.sh/resource-policy" not in goes["metadata"].get("annotations", {})


def test_the_controller_can_read_every_rollout_that_the_schema_takes(helm: Path) -> None:
    for rollout in ({}, {"waves": []}, {"waves": ["1", "25%"], "soak": "0"}, {"soak": "1h30m", "probes": 1}):
        (container,) = named(rendered(helm, {"rollout": rollout}), "Deployment", "reef-controller")["spec"][
            "template"
        ]["spec"]["containers"]
        (told,) = [each["value"] for each in container["env"] if each["name"] == "REEF_ROLLOUT"]
        read_rules(told)
