"""Files that are no values of the chart: each is refused, and the message says what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from samples import MANY
from test_values_round_trip import imported

from reef.errors import ReefError
from reef.kube.helm.chart import Options
from reef.kube.helm.importing import import_helm

ENTRY = """
dagster-user-deployments:
  deployments:
    - name: sales
      image: {{repository: {repository}, tag: "{tag}", pullPolicy: Always}}
      dagsterApiGrpcArgs: [-m, sales]
      port: 3030
      env: [{{name: A, value: "{env}"}}]
"""


def entry(repository: str = "acme/sales", tag: str = "1", env: str = "x") -> str:
    return ENTRY.format(repository=repository, tag=tag, env=env)


TEMPLATES = [
    ("{{- if .Values.x }}\n" + MANY + "{{- end }}\n", "a Go template"),
    (
        "dagster-user-deployments:\n  deployments:\n    {{- range .Values.teams }}\n    - name: x\n",
        "a Go template",
    ),
    ('releases:\n  - name: d\n    values:\n      - tag: {{ requiredEnv "SHA" | quote }}\n', "a Go template"),
    (entry(tag="{{ .Values.tag }}"), "a Go template"),
    (entry(tag="{{ image_tag }}"), "a Go or Jinja template"),
    ("{% for team in teams %}\n" + MANY + "{% endfor %}\n", "a Jinja template"),
    (entry(repository='"${var.registry}/sales"'), "a Terraform template"),
    (entry(repository='"${aws_ecr_repository.sales.repository_url}"'), "a Terraform template"),
    ("%{ if enabled ~}\n" + MANY + "%{ endif ~}\n", "a Terraform template"),
    (entry(repository='"${REGISTRY}/sales"'), "a template for envsubst or Terraform"),
    (entry(tag="${TAG:-latest}"), "a template for envsubst or Terraform"),
    (entry(repository="$REGISTRY/sales"), "a template for envsubst"),
    (entry(env="${STAGE}"), "a template for envsubst or Terraform"),
    ('resource "helm_release" "dagster" {\n  values = [<<EOT\n' + MANY + "EOT\n  ]\n}\n", "Terraform code"),
]


@pytest.mark.parametrize(("text", "what"), TEMPLATES, ids=range(len(TEMPLATES)))
def test_a_template_is_refused(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(ReefError) as caught:
        imported(text, tmp_path)
    assert what in str(caught.value)
    assert caught.value.where
    assert caught.value.where.file.endswith("values.yaml")


def test_text_that_only_looks_so_can_be_taken(tmp_path: Path) -> None:
    done = imported(entry(env="${STAGE}"), tmp_path, literal=True)
    assert done.locations[0].spec.env
    assert done.locations[0].spec.env[0].value == "${STAGE}"


def test_a_variable_of_kubernetes_is_no_template(tmp_path: Path) -> None:
    assert imported(entry(env="$(HOST):5432"), tmp_path).locations


def test_a_template_elsewhere_is_no_business_of_ours(tmp_path: Path) -> None:
    text = entry() + 'extraManifests: ["{{ .Release.Name }}"]\nrunLauncher: {x: "${Y}"}\n'
    assert imported(text, tmp_path).locations


def test_a_secret_is_never_in_a_message(tmp_path: Path) -> None:
    with pytest.raises(ReefError) as caught:
        imported(entry(env="hunter2-${SUFFIX}"), tmp_path)
    assert "hunter2" not in str(caught.value)
    assert ".env[0].value" in str(caught.value)


OTHERS = [
    ("dagsterCloud: {agentToken: x}\nworkspace: {}\n", "values of the Dagster+ agent's chart"),
    ("dagsterCloudAgent: {replicas: 1}\n", "values of the Dagster+ agent's chart"),
    ("airflowVersion: 2.8\nexecutor: KubernetesExecutor\n", "values of an Airflow chart"),
    ("releases: [{name: dagster, chart: dagster/dagster}]\n", "a helmfile"),
    ("services: {web: {image: x}}\n", "a Compose file"),
    ("load_from: [{python_module: sales}]\n", "`reef import workspace` reads it"),
    ("locations: [{location_name: sales}]\n", "`reef import dagster-cloud` reads one of Dagster+"),
    ("apiVersion: v2\nname: dagster\nversion: 1.2.3\n", "is a Chart.yaml"),
    (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n",
        "a Kubernetes object of kind Deployment",
    ),
    ("kind: A\n---\nkind: B\n", "a file of Kubernetes objects (A, B)"),
    (
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
        "a kustomization without helmCharts",
    ),
    ("helmCharts: [{name: loki, valuesInline: {}}]\n", "has no chart called dagster: it has loki"),
    ("dagsterWebserver: {}\npostgresql: {}\n", "has no user deployments"),
    ("dagster: {dagsterWebserver: {}}\n", "has no user deployments"),
    ("dagster-user-deployments: {enabled: true}\n", "has no user deployments"),
    ("dagster-user-deployments: {deployments: []}\n", "has no user deployments"),
    ("image: {repository: nginx}\nreplicaCount: 2\n", "it has image, replicaCount"),
    ("", "is empty"),
    ("- a\n", "is no map of values"),
    ("a: [\n", "is not valid YAML"),
]


@pytest.mark.parametrize(("text", "what"), OTHERS, ids=range(len(OTHERS)))
def test_another_kind_of_file_is_refused(text: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(ReefError) as caught:
        imported(text, tmp_path)
    assert what in str(caught.value)
    assert caught.value.where


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ReefError, match="cannot be read"):
        import_helm([str(tmp_path / "no.yaml")], Options(), "reef-workspace")
