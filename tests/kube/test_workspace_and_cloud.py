"""One image with many locations, and the files of Dagster+ Hybrid, as CodeLocations."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from crd_check import faults

from reef.errors import ReefError
from reef.fleet import read
from reef.fleet.document import parse_document, read_document
from reef.kube.cloud.importing import Images, import_dagster_cloud
from reef.kube.cloud.project import import_project, says_only_how_to_build
from reef.kube.image_workspace import import_workspace
from reef.kube.render import Rendered, Target

WORKSPACE = """
load_from:
  - python_module: sales.definitions
  - python_module: {module_name: finance, attribute: defs, location_name: Finance & Risk}
  - python_package: {package_name: hr, executable_path: /venvs/hr/bin/python, working_directory: hr}
  - python_file: defs/other.py
  - python_file: {relative_path: x.py, location_name: finance-risk}
  - autoload_defs_module: {module_name: auto.defs, location_name: auto}
  - grpc_server: {host: legacy, port: 4266, location_name: legacy, ssl: true}
"""


def specs(done: Rendered) -> dict[str, dict[str, Any]]:
    for each in done.locations:
        assert faults(each.document()) == []
    return {each.name: msgspec.to_builtins(each.spec) for each in done.locations}


def workspace(text: str, image: str | None = "acme/all:1", workdir: str | None = None) -> Rendered:
    return import_workspace([parse_document(text, "workspace.yaml")], Target(image, workdir, "data"))


def test_one_image_many_locations() -> None:
    done = workspace(WORKSPACE)
    assert done.findings == ()
    found = specs(done)
    assert found == {
        "sales-definitions": {
            "code": {"module": "sales.definitions"},
            "image": "acme/all:1",
            "location_name": "sales.definitions",
        },
        "finance-risk": {
            "code": {"module": "finance", "attribute": "defs"},
            "image": "acme/all:1",
            "location_name": "Finance & Risk",
        },
        "hr": {
            "code": {"package": "hr"},
            "image": "acme/all:1",
            "python": "/venvs/hr/bin/python",
            "working_directory": "hr",
        },
        "other-py": {
            "code": {"python_file": "defs/other.py"},
            "image": "acme/all:1",
            "location_name": "other.py",
        },
        "finance-risk-2": {
            "code": {"python_file": "x.py"},
            "image": "acme/all:1",
            "location_name": "finance-risk",
        },
        "auto": {"code": {"autoload_defs_module": "auto.defs"}, "image": "acme/all:1"},
        "legacy": {"server": {"host": "legacy", "port": 4266, "ssl": True}},
    }
    assert {each.namespace for each in done.locations} == {"data"}


def test_paths_in_a_known_folder() -> None:
    found = specs(workspace(WORKSPACE, workdir="/srv/app"))
    assert found["other-py"]["code"]["python_file"] == "/srv/app/defs/other.py"
    assert found["hr"]["working_directory"] == "/srv/app/hr"
    assert found["hr"]["python"] == "/venvs/hr/bin/python"


def test_the_chart_has_it_in_a_configmap() -> None:
    inner = "".join(f"    {line}\n" for line in WORKSPACE.splitlines())
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: w}}\ndata:\n  workspace.yaml: |\n{inner}"
    assert specs(workspace(text)) == specs(workspace(WORKSPACE))


LEFT_OUT = [
    ("- python_module: m", None, "has no image"),
    ("- grpc_server: {socket: /run/x}", "x", "is a unix socket"),
    ("- grpc_server: {host: {env: HOST}, port: 1}", "x", "takes its value from a variable"),
    ("- grpc_server: {host: h, port: {env: PORT}}", "x", "must have a port"),
    ("- python_module: {module_name: '${M}'}", "x", "is not filled in"),
    ("- python_modul: m", "x", "is not a kind of location"),
    ("- python_module: {modul_name: m}", "x", "is not a setting"),
    ("- python_module: {attribute: m}", "x", "has no module_name"),
    ("- m", "x", "must be a map with exactly one of"),
]


@pytest.mark.parametrize(("entry", "image", "said"), LEFT_OUT, ids=range(len(LEFT_OUT)))
def test_an_entry_that_no_pod_could_serve_is_left_out(entry: str, image: str | None, said: str) -> None:
    done = workspace(f"load_from:\n{entry}\n- grpc_server: {{host: good, port: 1}}\n", image)
    assert [each.location_name for each in done.locations] == ["grpc:good:1"]
    (finding,) = done.findings
    assert finding.kind == "left_out"
    assert said in finding.text
    assert finding.where
    assert finding.where.line == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dagster-user-deployments: {}", "`reef import helm` reads the chart's values"),
        ("load_from: x", "must be a list of locations"),
        ("kind: ConfigMap\ndata: {}", "without a workspace.yaml"),
        ("load_from: [{python_module: a}, {python_module: a}]", "is called 'a' too"),
    ],
)
def test_what_is_no_workspace(text: str, said: str) -> None:
    with pytest.raises(ReefError) as caught:
        workspace(text)
    assert said in str(caught.value)


CLOUD = """
locations:
  - location_name: data-eng
    image: registry.example/data-eng:1
    code_source: {module_name: data_eng.definitions}
    working_directory: /app
    attribute: defs
    agent_queue: special
    container_context:
      k8s:
        namespace: analytics
        env_vars: [STAGE=prod, FROM_AGENT]
        env_secrets: [token]
        env_config_maps: [common]
        image_pull_policy: Always
        image_pull_secrets: [{name: regcred}]
        service_account_name: runner
        labels: {my_team: eng}
        resources: {limits: {cpu: 500m, memory: 1Gi}}
        volumes: [{name: v, config_map: {name: c}}]
        volume_mounts: [{name: v, mount_path: /v, sub_path: a_b}]
        run_k8s_config: {container_config: {resources: {limits: {memory: 8Gi}}}}
        server_k8s_config:
          container_config:
            resources: {limits: {memory: 2Gi}}
            env: [{name: ONLY_SERVER, value: "1"}]
            working_dir: /app
          pod_spec_config:
            node_selector: {some_label: x}
            tolerations: [{key: a, operator: Exists}]
            priority_class_name: high
          pod_template_spec_metadata: {annotations: {a_b/c: d}}
      ecs: {env_vars: [A=B]}
  - location_name: built
    code_source: {package_name: built}
    build: {directory: ./built, registry: registry.example/built}
"""


def cloud(text: str, **images: Any) -> Rendered:
    return import_dagster_cloud(parse_document(text, "dagster_cloud.yaml"), Images(**images), None)


def test_locations_of_dagster_plus() -> None:
    done = cloud(CLOUD, tag="7")
    found = specs(done)
    assert found["built"] == {"code": {"package": "built"}, "image": "registry.example/built:7"}
    spec = found["data-eng"]
    context = spec.pop("container_context")
    assert spec == {
        "code": {"module": "data_eng.definitions", "attribute": "defs"},
        "image": "registry.example/data-eng:1",
        "working_directory": "/app",
        "imagePullPolicy": "Always",
        "imagePullSecrets": [{"name": "regcred"}],
        "serviceAccountName": "runner",
        "labels": {"my_team": "eng"},
        "env": [{"name": "STAGE", "value": "prod"}, {"name": "ONLY_SERVER", "value": "1"}],
        "envFrom": [{"configMapRef": {"name": "common"}}, {"secretRef": {"name": "token"}}],
        "resources": {"limits": {"memory": "2Gi"}},
        "volumes": [{"name": "v", "configMap": {"name": "c"}}],
        "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a_b"}],
        "nodeSelector": {"some_label": "x"},
        "tolerations": [{"key": "a", "operator": "Exists"}],
        "annotations": {"a_b/c": "d"},
        "pod": {"priorityClassName": "high"},
        "container": {"workingDir": "/app"},
        "includeConfigInLaunchedRuns": {"enabled": False},
    }
    assert done.locations[0].namespace == "analytics"
    lost = [(each.path, each.where.line if each.where else None) for each in done.findings]
    assert [path for path, _ in lost] == [
        "locations[0].agent_queue",
        "locations[0].container_context.ecs",
        "locations[0].container_context.k8s.env_vars[1]",
    ]
    # Runs keep what they had, in Dagster's own words, and get nothing that was the server's alone.
    assert "server_k8s_config" not in context["k8s"]
    assert context["k8s"]["env_vars"] == ["STAGE=prod", "FROM_AGENT"]
    assert context["k8s"]["run_k8s_config"]["container_config"]["resources"]["limits"] == {"memory": "8Gi"}


def test_an_image_that_the_build_makes() -> None:
    done = cloud(CLOUD)
    assert [each.name for each in done.locations] == ["data-eng"]
    assert "give --tag TAG" in done.findings[-1].text
    assert cloud(CLOUD, by_location={"built": "x:9"}).locations[1].spec.image == "x:9"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("load_from: []", "has no locations"),
        ("locations: {a: b}", "must be a list of locations"),
    ],
)
def test_what_is_none_of_dagster_plus(text: str, said: str) -> None:
    with pytest.raises(ReefError) as caught:
        cloud(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("locations: [{image: a}]", "has no location_name"),
        ("locations: [{location_name: a, image: b}]", "must have exactly one of"),
        (
            "locations: [{location_name: a, code_source: {module_name: b}}]",
            "has neither image nor build.registry",
        ),
        ("locations: [{location_name: a, image: '${X}', code_source: {module_name: b}}]", "is not filled in"),
        (
            "locations: [{location_name: a, image: b, code_source: {module_name: b}, "
            "container_context: {k8s: {labels: [x]}}}]",
            "labels",
        ),
    ],
)
def test_a_location_that_cannot_be_meant_is_left_out(text: str, said: str) -> None:
    done = cloud(text)
    assert done.locations == ()
    assert said in done.findings[0].text


def project(folder: Path, name: str) -> None:
    (folder / "src" / name).mkdir(parents=True)
    (folder / "src" / name / "__init__.py").write_text("")
    (folder / "src" / name / "definitions.py").write_text("")
    text = f'[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "{name}"\n'
    (folder / "pyproject.toml").write_text(text)


def test_a_build_file_beside_a_workspace_of_dg(tmp_path: Path) -> None:
    """The newer form: locations in the projects, images in build.yaml, the context in a file of its own."""
    projects = "".join(f'[[workspace.projects]]\npath = "projects/{name}"\n' for name in ("sales", "hr"))
    (tmp_path / "dg.toml").write_text(f'directory_type = "workspace"\n[workspace]\n{projects}')
    project(tmp_path / "projects" / "sales", "sales")
    project(tmp_path / "projects" / "hr", "hr")
    (tmp_path / "build.yaml").write_text("registry: registry.example/all\ndirectory: .\n")
    (tmp_path / "container_context.yaml").write_text("k8s: {env_secrets: [all], labels: {a: b}}\n")
    (tmp_path / "projects" / "hr" / "build.yaml").write_text("registry: registry.example/hr\n")
    (tmp_path / "projects" / "hr" / "container_context.yaml").write_text("k8s: {env_secrets: [hr]}\n")
    done = built(tmp_path, tag="7")
    found = specs(done)
    assert {name: each["image"] for name, each in found.items()} == {
        "sales": "registry.example/all:7",
        "hr": "registry.example/hr:7",
    }
    assert found["sales"]["code"] == {"module": "sales.definitions"}
    assert found["sales"]["working_directory"] == "src"
    assert found["sales"]["envFrom"] == [{"secretRef": {"name": "all"}}]
    assert found["hr"]["envFrom"] == [{"secretRef": {"name": "hr"}}]
    with pytest.raises(ReefError, match="give --tag TAG"):
        built(tmp_path)
    (tmp_path / "build.yaml").write_text("directory: .\n")
    with pytest.raises(ReefError, match="says no registry for sales"):
        built(tmp_path, tag="7")


def built(folder: Path, **images: Any) -> Rendered:
    document = read_document(str(folder / "build.yaml"))
    assert says_only_how_to_build(document)
    fleet = read(str(folder), {}, sys.executable)
    return import_project(fleet, document, Images(**images), None, {})


def test_a_name_without_a_letter(tmp_path: Path) -> None:
    done = workspace("load_from: [{python_module: {module_name: m, location_name: '&&'}}]")
    assert "no object can be named after '&&'" in done.findings[0].text
