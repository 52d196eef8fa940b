"""Every form in which people have the chart's values, and what becomes of what does not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from samples import APPLICATION, EMPTY_ONES, FULL, HELM_RELEASE, KUSTOMIZATION, LISTENING, MANY, NESTED
from test_values_round_trip import imported

from reef.errors import ReefError
from reef.kube.findings import Finding, grouped
from reef.kube.helm.chart import Options
from reef.kube.helm.importing import Import, import_helm
from reef.kube.model import CodeLocation


def spec_of(location: CodeLocation) -> dict[str, Any]:
    return msgspec.to_builtins(location.spec)  # type: ignore[no-any-return]


def one(text: str, folder: Path, **options: Any) -> tuple[dict[str, Any], tuple[Finding, ...]]:
    done = imported(text, folder, **options)
    assert len(done.locations) == 1, done.findings
    return spec_of(done.locations[0]), done.findings


def deployment(lines: str) -> str:
    """Values with one deployment, of which the test says what matters."""
    start = "dagster-user-deployments:\n  deployments:\n    - name: sales\n      port: 3030\n"
    image = (
        "" if "image:" in lines else '      image: {repository: acme/sales, tag: "1", pullPolicy: Always}\n'
    )
    return start + image + "".join(f"      {line}\n" for line in lines.strip().splitlines())


def test_everything_that_a_pod_had_goes_over(tmp_path: Path) -> None:
    spec, findings = one(FULL, tmp_path)
    assert spec["image"] == "registry.example:5000/team/sales:1.4.0"
    assert spec["code"] == {"python_file": "/app/sales.py", "attribute": "defs"}
    assert spec["serverArgs"] == ["--log-level", "debug"]
    assert spec["port"] == 3030
    assert spec["replicas"] == 2
    assert spec["includeConfigInLaunchedRuns"] == {"enabled": False}
    assert spec["imagePullSecrets"] == [{"name": "registry-credentials"}]
    assert [each["name"] for each in spec["env"]] == ["STAGE", "TOKEN", "NODE"]
    assert spec["env"][1]["valueFrom"] == {"secretKeyRef": {"name": "sales-token", "key": "token"}}
    assert spec["envFrom"] == [
        {"configMapRef": {"name": "common"}},
        {"secretRef": {"name": "sales-secrets", "optional": True}},
        {"secretRef": {"name": "more-secrets"}},
    ]
    assert spec["resources"]["limits"] == {"memory": "1Gi", "cpu": "1"}
    assert spec["tolerations"][1] == {"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30}
    assert spec["instance"]["home"] == "/opt/home"
    assert spec["instance"]["postgresqlSecret"] == {"name": "pg-secret", "key": "postgresql-password"}
    same = ("volumes", "volumeMounts", "podSecurityContext", "securityContext", "nodeSelector", "affinity")
    others = ("schedulerName", "initContainers", "sidecarContainers", "labels", "annotations", "service")
    assert {*same, *others} <= spec.keys()
    kept = [each.path.rpartition(".")[2] for each in findings]
    assert kept == ["readinessProbe", "livenessProbe", "startupProbe", "deploymentStrategy"]
    assert {each.kind for each in findings} == {"kept"}
    assert all(each.where and each.where.line for each in findings)


def test_three_ways_to_start_a_server(tmp_path: Path) -> None:
    sales, finance, risk, digested = (spec_of(each) for each in imported(MANY, tmp_path).locations)
    assert sales["code"] == {"module": "sales.definitions"}
    assert "startCommand" not in sales
    assert finance["startCommand"] == "code-server"
    assert finance["code"] == {"module": "finance", "attribute": "defs"}
    assert finance["working_directory"] == "/app"
    assert risk["startCommand"] == "image"
    assert "code" not in risk
    assert digested["image"].startswith("acme/risk@sha256:0f1e2d")


def test_variables_as_a_map_stay_below_secrets(tmp_path: Path) -> None:
    """The chart writes a map into a ConfigMap before all others; a list it writes over them."""
    sales = spec_of(imported(MANY, tmp_path).locations[0])
    assert sales["envDefaults"] == {"A": "1", "B": "two"}
    assert "env" not in sales


def test_numbers_in_a_map_are_what_helm_makes_of_them(tmp_path: Path) -> None:
    """To Helm every number is a float; `helm template` of the official chart wrote these texts."""
    numbers = "A: 1000000, B: 12345, C: 1.50, D: true, E: 0.00001, F: ~, G: 123456789012345678, H: 0755, I: -1234567"
    spec, findings = one(deployment(f"env: {{{numbers}}}\ndagsterApiGrpcArgs: [-m, sales]"), tmp_path)
    texts = ["1e+06", "12345", "1.5", "true", "1e-05", "", "1.2345678901234568e+17", "493", "-1.234567e+06"]
    assert list(spec["envDefaults"].values()) == texts
    assert [each.path[-1] for each in findings] == ["A", "C", "E", "G", "H", "I"]


def test_host_and_port_among_the_arguments(tmp_path: Path) -> None:
    done = imported(LISTENING, tmp_path)
    for each in done.locations:
        assert "serverArgs" not in spec_of(each)
    said = [each.text for each in done.findings]
    assert said == [
        "-h 0.0.0.0 is left out: the chart gives host and port itself",
        "-p 3030 is left out: the chart gives host and port itself",
        "--port 4001 is left out: the Service leads to port 4000, so nobody could reach it",
    ]


def test_two_words_in_one_argument(tmp_path: Path) -> None:
    spec, findings = one(deployment('dagsterApiGrpcArgs: ["-m sales.defs", "--log-level", "info"]'), tmp_path)
    assert spec["code"] == {"module": "sales.defs"}
    assert spec["serverArgs"] == ["--log-level", "info"]
    assert "is one argument with a space" in findings[0].text


def test_the_switch_of_a_chart_that_knows_dagit(tmp_path: Path) -> None:
    assert "dagit" in imported(MANY, tmp_path, chart_version="1.3.14").off
    assert "dagit" in imported("dagit: {replicaCount: 1}\n" + MANY, tmp_path).off
    for text, version in ((MANY, "1.4.0"), (MANY, None), ("dagit: {}\n" + MANY, "1.12.0")):
        assert "dagsterWebserver" in imported(text, tmp_path, chart_version=version).off


def test_empty_values_say_nothing(tmp_path: Path) -> None:
    spec, findings = one(EMPTY_ONES, tmp_path)
    assert {*spec} == {"image", "imagePullPolicy", "code", "port", "instance", "serviceAccountName", "helm"}
    assert spec["helm"] == {"readinessProbe": {"enabled": True}}
    assert len(findings) == 1


def test_a_chart_in_a_chart(tmp_path: Path) -> None:
    spec, _ = one(NESTED, tmp_path)
    assert spec["instance"]["celeryConfigSecret"] == "celery"
    off = imported(NESTED, tmp_path).off
    inner = off["dagster"]["dagster"]
    assert inner["dagster-user-deployments"] == {"enabled": True, "enableSubchart": False}
    assert inner["dagsterWebserver"]["workspace"]["externalConfigmap"] == "reef-workspace"


def test_a_kustomization(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("dagster-user-deployments: {imagePullSecrets: [{name: base}]}\n")
    (tmp_path / "kustomization.yaml").write_text(KUSTOMIZATION)
    done = import_helm([str(tmp_path / "kustomization.yaml")], Options(), "reef-workspace")
    location = done.locations[0]
    assert location.namespace == "data"
    assert location.spec.image == "acme/sales:1.12.3"
    assert location.spec.serviceAccountName == "orchestrator-dagster-user-deployments-user-deployments"
    assert spec_of(location)["imagePullSecrets"] == [{"name": "base"}]


@pytest.mark.parametrize("text", [HELM_RELEASE, APPLICATION], ids=["flux", "argo"])
def test_values_inside_gitops_objects(text: str, tmp_path: Path) -> None:
    done = imported(text, tmp_path)
    assert [each.name for each in done.locations] == ["sales"]
    assert done.locations[0].namespace == "data"


def test_lines_of_values_in_a_string_are_those_of_the_file(tmp_path: Path) -> None:
    text = APPLICATION.replace("port: 3030", "port: 3030\n              pdb: {minAvailable: 1}")
    (finding,) = imported(text, tmp_path).findings
    assert finding.where
    assert finding.where.line
    assert "pdb" in text.splitlines()[finding.where.line - 1]


def test_several_files_are_merged_as_helm_merges_them(tmp_path: Path) -> None:
    """Maps by key, lists whole, and what a later file does not say stays."""
    (tmp_path / "a.yaml").write_text(MANY + "global: {dagsterHome: /a, postgresqlSecretName: pg}\n")
    (tmp_path / "b.yaml").write_text(
        deployment("dagsterApiGrpcArgs: [-m, other]") + "global: {dagsterHome: /b}\n"
    )
    done = import_helm([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")], Options(), "reef-workspace")
    (location,) = done.locations
    spec = spec_of(location)
    assert spec["code"] == {"module": "other"}
    assert spec["instance"]["home"] == "/b"
    assert spec["instance"]["postgresqlSecret"]["name"] == "pg"


def test_maps_of_deployments_are_merged_deployment_by_deployment(tmp_path: Path) -> None:
    base = "dagster-user-deployments:\n  deployments:\n    sales:\n      port: 3030\n"
    base += "      image: {repository: a, tag: x}\n"
    (tmp_path / "a.yaml").write_text(base + "      dagsterApiGrpcArgs: [-m, sales]\n    old: {port: 1}\n")
    over = "dagster-user-deployments:\n  deployments:\n    sales: {image: {tag: y}}\n    old: ~\n"
    (tmp_path / "b.yaml").write_text(over)
    done = import_helm([str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml")], Options(), "reef-workspace")
    assert [each.spec.image for each in done.locations] == ["a:y"]
    assert [(each.kind, each.path) for each in done.findings] == [
        ("left_out", "dagster-user-deployments.deployments.old")
    ]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_files_of_other_encodings(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_bytes(MANY.encode(encoding))
    done = import_helm([str(tmp_path / "values.yaml")], Options(), "reef-workspace")
    assert len(done.locations) == 4


NULL_IMAGES = ["image: ~", "image: {repository: ~, tag: ~}", "image: {tag: 1}", "image: {repository: ''}"]


@pytest.mark.parametrize("line", NULL_IMAGES)
def test_an_image_that_the_files_leave_open(line: str, tmp_path: Path) -> None:
    text = deployment(f"{line}\ndagsterApiGrpcArgs: [-m, sales]")
    done = imported(text, tmp_path)
    assert done.locations == ()
    (finding,) = done.findings
    assert finding.kind == "left_out"
    assert "--image sales=REPOSITORY:TAG" in finding.text
    spec, _ = one(text, tmp_path, images={"sales": "acme/sales:7"})
    assert spec["image"] == "acme/sales:7"


def test_a_tag_that_the_files_leave_to_the_chart(tmp_path: Path) -> None:
    text = deployment(
        "image: {repository: acme/sales, tag: ~, pullPolicy: Always}\ndagsterApiGrpcArgs: [-m, s]"
    )
    (finding,) = imported(text, tmp_path).findings
    assert (finding.kind, "--chart-version" in finding.text) == ("left_out", True)
    spec, _ = one(text, tmp_path, chart_version="1.12.3")
    assert spec["image"] == "acme/sales:1.12.3"
    chart = (
        "apiVersion: v2\nname: platform\nversion: 0.1.0\ndependencies: [{name: dagster, version: 1.11.0}]\n"
    )
    (tmp_path / "Chart.yaml").write_text(chart)
    spec, findings = one(text, tmp_path)
    assert spec["image"] == "acme/sales:1.11.0"
    assert findings[0].kind == "changed"


@pytest.mark.parametrize(
    ("tag", "meant", "said"), [("1.10", "1.1", True), ("12", "12", False), ("0123", "83", True)]
)
def test_a_tag_that_is_a_number(tag: str, meant: str, said: bool, tmp_path: Path) -> None:
    text = deployment(
        f"image: {{repository: acme/sales, tag: {tag}, pullPolicy: Always}}\ndagsterApiGrpcArgs: [-m, s]"
    )
    spec, findings = one(text, tmp_path)
    assert spec["image"] == f"acme/sales:{meant}"
    assert bool(findings) == said


LOST = [
    ("pdb: {minAvailable: 1}", "kept", "pdb"),
    ("deploymentNamespace: other", "kept", "deploymentNamespace"),
    ("serviceAccountName: dagster", "kept", "serviceAccountName"),
    ("replicaCount: 0", "kept", "replicaCount"),
    ("env: [{name: A, value: 1}]", "changed", "env[0].value"),
    ("env: [{name: A, value: x}, {name: A, value: y}]", "changed", "env[1]"),
    ("env: [{name: A, value: x, scope: RUN}]", "lost", "env[0].scope"),
    ("image: {repository: a, tag: b, imagePullSecrets: [x]}", "lost", "image.imagePullSecrets"),
    ("envSecrets: ['']", "changed", "envSecrets[0]"),
    ("codeServerArgs: [-m, other]", "kept", "codeServerArgs"),
]


@pytest.mark.parametrize(("line", "kind", "path"), LOST)
def test_what_does_not_fit_is_listed_with_its_path(line: str, kind: str, path: str, tmp_path: Path) -> None:
    _, findings = one(deployment(f"{line}\ndagsterApiGrpcArgs: [-m, sales]"), tmp_path)
    assert [(each.kind, each.path) for each in findings] == [
        (kind, f"dagster-user-deployments.deployments[0].{path}")
    ]


def test_a_deployment_in_a_namespace_of_its_own(tmp_path: Path) -> None:
    done = imported(
        deployment("deploymentNamespace: other\ndagsterApiGrpcArgs: [-m, sales]"), tmp_path, namespace="data"
    )
    assert done.locations[0].namespace == "other"


def test_old_charts_had_names_alone(tmp_path: Path) -> None:
    spec, _ = one(
        deployment("envSecrets: [a]\nenvConfigMaps: [b]\ndagsterApiGrpcArgs: [-m, sales]"), tmp_path
    )
    assert spec["envFrom"] == [{"configMapRef": {"name": "b"}}, {"secretRef": {"name": "a"}}]


REFUSED = [
    ("name: Sales_EU", "is no name for a Service"),
    ("port: many", "must be a port from 1 to 65535"),
    ("env: x", "must be a list of {name, value}, or a map of names to values"),
    ("env: [{value: x}]", "has no name"),
    ("volumes: {a: b}", "must be a list of volumes"),
    ("volumeMounts: [{name: a}]", "has no mountPath"),
    ("tolerations: [{kye: a}]", "must be a list of tolerations"),
    ("dagsterApiGrpcArgs: -m sales", "must be a list of strings"),
    (
        "dagsterApiGrpcArgs: [-w, workspace.yaml]",
        "one server loads one location; `reef import workspace` reads",
    ),
    ("resources: {limit: {memory: 1Gi}}", "is nothing that resources can have"),
    ("image: {repository: a, tag: b, pullPolicy: Sometimes}", "must be Always, IfNotPresent or Never"),
]


@pytest.mark.parametrize(("line", "said"), REFUSED)
def test_a_deployment_that_cannot_be_meant_is_left_out(line: str, said: str, tmp_path: Path) -> None:
    """The others go over all the same."""
    key = line.partition(":")[0]
    broken = {"name": "sales", "port": "3030", "image": '{repository: a, tag: "1", pullPolicy: Always}'}
    broken |= {"dagsterApiGrpcArgs": "[-m, sales]", key: line.partition(": ")[2]}
    text = "dagster-user-deployments:\n  deployments:\n    -\n"
    text += "".join(f"      {name}: {value}\n" for name, value in broken.items())
    text += "    - {name: good, port: 1, image: {repository: a, tag: b}, dagsterApiGrpcArgs: [-m, a]}\n"
    done = imported(text, tmp_path)
    assert [each.name for each in done.locations] == ["good"]
    (finding,) = [each for each in done.findings if each.kind == "left_out"]
    assert said in finding.text
    assert finding.where
    assert finding.where.line


def test_two_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(ReefError, match="two deployments are called 'sales'"):
        imported(MANY.replace("finance", "sales"), tmp_path)


SERVERS = """
dagsterWebserver:
  workspace:
    enabled: true
    servers:
      - {host: sales, port: 4000, name: Sales & more}
      - {host: finance.data.svc, port: 4001, name: finance}
      - {host: elsewhere, port: 4000, name: far}
      - {host: risk, port: 4002}
"""


def test_names_that_the_workspace_gives(tmp_path: Path) -> None:
    """Schedules, sensors and history hang on the name that Dagster knows, not on that of the Service."""
    done = imported(MANY + SERVERS, tmp_path)
    assert [(each.name, each.location_name) for each in done.locations] == [
        ("sales", "Sales & more"),
        ("finance", "finance"),
        ("risk", "risk"),
        ("digested", "digested"),
    ]
    said = [
        (each.kind, each.path) for each in done.findings if "server" in each.text and "start" not in each.text
    ]
    assert said == [("lost", "dagsterWebserver.workspace.servers[2]"), ("changed", "digested")]
    off = imported(MANY + SERVERS.replace("enabled: true", "enabled: false"), tmp_path)
    assert {each.location_name for each in off.locations} == {each.name for each in done.locations}


def test_what_goes_with_the_sub_chart(tmp_path: Path) -> None:
    text = MANY + "  extraManifests: [{kind: ConfigMap}]\n  ingress: {enabled: true}\n"
    lost = [each.path for each in imported(text, tmp_path).findings if each.kind == "lost"]
    assert lost == ["dagster-user-deployments.extraManifests", "dagster-user-deployments.ingress"]
    made = imported(text, tmp_path, namespace="data").made
    assert [each["kind"] for each in made] == ["ServiceAccount", "Role", "RoleBinding"]
    assert all(each["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep" for each in made)
    plain = (
        "dagster-user-deployments:\n  rbacEnabled: false\n" + MANY.partition("dagster-user-deployments:\n")[2]
    )
    assert [each["kind"] for each in imported(plain, tmp_path).made] == ["ServiceAccount"]
    shared = MANY + "global: {serviceAccountName: dagster}\n"
    done: Import = imported(shared, tmp_path)
    assert done.made == ()
    assert {each.spec.serviceAccountName for each in done.locations} == {"dagster"}


def test_the_account_of_one_deployment(tmp_path: Path) -> None:
    lines = "serviceAccount: {create: true, name: own, annotations: {a: b}}\ndagsterApiGrpcArgs: [-m, sales]"
    done = imported(deployment(lines), tmp_path)
    assert done.locations[0].spec.serviceAccountName == "own"
    assert "own" in [each["metadata"]["name"] for each in done.made if each["kind"] == "ServiceAccount"]


def test_what_many_have_in_common_is_said_once(tmp_path: Path) -> None:
    text = MANY.replace("port:", "pdb: {minAvailable: 1}\n      port:")
    lines = grouped(imported(text, tmp_path).findings)
    assert sum("pdb" in line for line in lines) == 1
    assert any("deployments[0].pdb (and 3 more)" in line for line in lines)
