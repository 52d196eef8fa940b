"""The official chart itself judges: REEF_TEST_DAGSTER_CHART names a folder with it, and `helm` is on PATH.

What the chart renders from values, and from what comes back from their CodeLocations, is the same object by object.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from samples import MANY, ROUND_TRIPS, loaded
from test_values_round_trip import exported, imported

from deadlines import scaled
from reef.kube.context import container_context
from reef.kube.helm.chart import Options
from reef.kube.helm.exporting import export_helm
from reef.kube.helm.importing import import_helm
from reef.kube.helm.monolith import export_monolith
from reef.kube.model import CodeLocation

CHART = os.environ.get("REEF_TEST_DAGSTER_CHART", "")
pytestmark = pytest.mark.skipif(
    not CHART or shutil.which("helm") is None,
    reason="REEF_TEST_DAGSTER_CHART names no chart, or there is no helm",
)
NO_SUBCHARTS = {
    "postgresql": {"enabled": False},
    "rabbitmq": {"enabled": False},
    "redis": {"internal": False},
}
# Forms that only newer charts know.
NEWER = {"map": "deployments as a map", "nested": "the chart as a sub-chart"}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy without the sub-charts of databases, which would have to be fetched. Its values have to fit its schema."""
    copy = tmp_path_factory.mktemp("chart") / "dagster"
    shutil.copytree(CHART, copy)
    about = yaml.safe_load((copy / "Chart.yaml").read_text())
    ours = "dagster-user-deployments"
    about["dependencies"] = [each for each in about["dependencies"] if each["name"] == ours]
    (copy / "Chart.yaml").write_text(yaml.safe_dump(about))
    (copy / "Chart.lock").unlink(missing_ok=True)
    for each in (copy / "charts").iterdir():
        if each.name != ours:
            shutil.rmtree(each) if each.is_dir() else each.unlink()
    for schema in copy.rglob("values.schema.json"):
        schema.write_text(json.dumps(without_network(json.loads(schema.read_text()))))
    return copy


def without_network(node: Any) -> Any:
    """A schema without what it takes from the network: Kubernetes' own types."""
    if isinstance(node, list):
        return [without_network(each) for each in node]
    if not isinstance(node, dict):
        return node
    elsewhere = str(node.get("$ref", "")).startswith("http")
    return {key: without_network(each) for key, each in node.items() if not (key == "$ref" and elsewhere)}


def objects(chart: Path, values: dict[str, Any], folder: Path) -> dict[tuple[str, str], Any]:
    """What the chart renders, by kind and name, without the checksums of values."""
    file = folder / "given.yaml"
    file.write_text(yaml.safe_dump({**NO_SUBCHARTS, **values}))
    command = ["helm", "template", "dagster", str(chart), "-f", str(file), "-n", "data"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(60))
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    for each in found:
        template = each.get("spec", {}).get("template", {}) if each["kind"] == "Deployment" else {}
        for name in [
            name for name in template.get("metadata", {}).get("annotations", {}) if "checksum" in name
        ]:
            del template["metadata"]["annotations"][name]
    return {(each["kind"], each["metadata"]["name"]): without_nothing(each) for each in found}


def without_nothing(value: Any) -> Any:
    """To an API server `securityContext: {}`, `null` and none at all are the same."""
    if not isinstance(value, dict):
        return [without_nothing(each) for each in value] if isinstance(value, list) else value
    for name in ("limits", "requests"):
        if isinstance(value.get(name), dict):  # as a quantity 1 and "1" are the same
            value = {**value, name: {key: str(each) for key, each in value[name].items()}}
    plain = {name: without_nothing(each) for name, each in value.items()}
    return {name: each for name, each in plain.items() if each not in (None, {}, [])}


def user_deployments(found: dict[tuple[str, str], Any]) -> list[str]:
    named = [name for kind, name in found if kind == "Deployment"]
    labels = {name: found["Deployment", name]["metadata"].get("labels", {}) for name in named}
    return [name for name in named if labels[name].get("component") == "user-deployments"]


@pytest.mark.parametrize("name", [name for name in ROUND_TRIPS if name not in (*NEWER, "standalone")])
def test_the_chart_renders_the_same(name: str, chart: Path, tmp_path: Path) -> None:
    text = ROUND_TRIPS[name]
    before = objects(chart, loaded(text), tmp_path)
    back = exported(imported(text, tmp_path), tmp_path).values
    others = {key: each for key, each in loaded(text).items() if key not in back}
    after = objects(chart, {**others, **back}, tmp_path)
    assert user_deployments(before)
    assert after == before


def test_the_chart_of_its_own_renders_the_same(chart: Path, tmp_path: Path) -> None:
    own = chart / "charts" / "dagster-user-deployments"
    text = ROUND_TRIPS["standalone"]
    before = objects(own, loaded(text), tmp_path)
    back = exported(imported(text, tmp_path), tmp_path).values
    after = objects(own, {**back, "global": {**loaded(text)["global"], **back["global"]}}, tmp_path)
    assert len(user_deployments(before)) == 1
    assert after == before


@pytest.mark.parametrize("name", ["full", "many", "listening"])
def test_the_switch_takes_away_user_deployments_and_nothing_else(
    name: str, chart: Path, tmp_path: Path
) -> None:
    text = ROUND_TRIPS[name]
    done = imported(text, tmp_path)
    before = objects(chart, loaded(text), tmp_path)
    after = objects(chart, {**loaded(text), **done.off}, tmp_path)
    assert user_deployments(before)
    assert user_deployments(after) == []
    gone = {kind for kind, name in before.keys() - after.keys()}
    assert gone <= {"Deployment", "Service", "ConfigMap", "ServiceAccount", "Role", "RoleBinding"}
    volumes = after["Deployment", "dagster-dagster-webserver"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "dagster-workspace-yaml", "configMap": {"name": "reef-workspace"}} in volumes
    daemon = after["Deployment", "dagster-daemon"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "dagster-workspace-yaml", "configMap": {"name": "reef-workspace"}} in daemon


def test_objects_that_go_with_it_are_those_that_the_chart_made(chart: Path, tmp_path: Path) -> None:
    done = imported(ROUND_TRIPS["full"], tmp_path)
    rendered = objects(chart, loaded(ROUND_TRIPS["full"]), tmp_path)
    assert {each["kind"] for each in done.made} == {"ServiceAccount", "Role", "RoleBinding"}
    for each in done.made:
        theirs = rendered[each["kind"], each["metadata"]["name"]]
        for part in ("rules", "roleRef", "subjects"):
            assert each.get(part) == theirs.get(part)


def test_a_pod_has_what_the_location_says(chart: Path, tmp_path: Path) -> None:
    """Variables that come from the chart's own settings are those that `instance` names."""
    done = imported(ROUND_TRIPS["full"], tmp_path)
    rendered = objects(chart, loaded(ROUND_TRIPS["full"]), tmp_path)
    fullname = "dagster-dagster-user-deployments"
    pod = rendered["Deployment", f"{fullname}-sales"]["spec"]["template"]["spec"]
    shared = rendered["ConfigMap", f"{fullname}-user-deployments-shared-env"]["data"]
    spec = done.locations[0].spec
    assert spec.instance
    assert spec.instance.home == shared["DAGSTER_HOME"]
    assert spec.instance.runEnvConfigMap == shared["DAGSTER_K8S_PIPELINE_RUN_ENV_CONFIGMAP"]
    assert spec.serviceAccountName == pod["serviceAccountName"]
    container = pod["containers"][0]
    assert spec.image == container["image"]
    password = next(each for each in container["env"] if each["name"] == "DAGSTER_PG_PASSWORD")
    secret = spec.instance.postgresqlSecret
    assert secret
    assert password["valueFrom"]["secretKeyRef"] == {"name": secret.name, "key": secret.key}


def test_runs_get_what_the_chart_gave_them(chart: Path, tmp_path: Path) -> None:
    """`includeConfigInLaunchedRuns` keeps its meaning. The ConfigMap of variables is one of Reef's own then."""
    text = ROUND_TRIPS["full"].replace("includeConfigInLaunchedRuns: {enabled: false}", "")
    rendered = objects(chart, loaded(text), tmp_path)
    pod = rendered["Deployment", "dagster-dagster-user-deployments-sales"]["spec"]["template"]["spec"]
    env = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}
    theirs = json.loads(env["DAGSTER_CLI_API_GRPC_CONTAINER_CONTEXT"])
    theirs["k8s"]["env_config_maps"].remove("dagster-dagster-user-deployments-sales-user-env")
    ours = container_context(imported(text, tmp_path).locations[0], "data")
    assert without_nothing(ours) == without_nothing(theirs)


def fleet(tmp_path: Path) -> tuple[CodeLocation, ...]:
    (tmp_path / "values.yaml").write_text(MANY)
    found = import_helm([str(tmp_path / "values.yaml")], Options(), "reef-workspace").locations
    return tuple(each for each in found if each.spec.code)


def test_a_pod_for_each_location_of_any_fleet(chart: Path, tmp_path: Path) -> None:
    found = fleet(tmp_path)
    values = export_helm([CodeLocation(each.name, each.spec) for each in found], {}).values
    assert len(user_deployments(objects(chart, values, tmp_path))) == len(found) == 3


def test_one_monolith_of_any_fleet(chart: Path, tmp_path: Path) -> None:
    values = export_monolith(fleet(tmp_path), "acme/all:1", "/app").values
    found = objects(chart, values, tmp_path)
    assert user_deployments(found) == []
    webserver = found["Deployment", "dagster-dagster-webserver"]["spec"]["template"]["spec"]
    assert webserver["containers"][0]["image"] == "acme/all:1"
    assert "-w /dagster-workspace/workspace.yaml" in webserver["containers"][0]["command"][-1]
    names = {each["name"]: each for each in webserver["volumes"]}
    workspace = found["ConfigMap", names["dagster-workspace-yaml"]["configMap"]["name"]]["data"][
        "workspace.yaml"
    ]
    assert [next(iter(each)) for each in yaml.safe_load(workspace)["load_from"]] == [
        "python_module",
        "python_module",
        "python_package",
    ]
    instance = found["ConfigMap", "dagster-instance"]["data"]["dagster.yaml"]
    launcher = yaml.safe_load(instance)["run_launcher"]["config"]
    assert launcher["job_image"] == "acme/all:1"
