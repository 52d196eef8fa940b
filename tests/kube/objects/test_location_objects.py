"""A location's Service, its own Deployment, its probe pod, the workspace, and what makes a version of it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from located import DIGEST, NAMESPACE, REEF, UID, container, located, released

from reef.kube import labels
from reef.kube.objects.deployment import ANY_ADDRESS, own_deployment, server_args
from reef.kube.objects.environment import defaults_maps
from reef.kube.objects.meta import location_owner
from reef.kube.objects.probe import probe_config_map, probe_pod
from reef.kube.objects.service import address, service
from reef.kube.objects.versions import (
    ConfigReference,
    as_released,
    pinned,
    recorded,
    references,
    settings_digest,
    version,
)
from reef.kube.objects.workspace import workspace_config_map, workspace_text

GATEWAYS = {"app.kubernetes.io/component": "gateway", "app.kubernetes.io/part-of": "reef"}


def test_a_service_keeps_its_name_and_port() -> None:
    given = located(port=3030, service={"annotations": {"a": "b"}})
    found = service(given, NAMESPACE, UID, 20_007, GATEWAYS)
    assert found["metadata"]["name"] == "sales"
    assert found["metadata"]["annotations"] == {"a": "b"}
    (owner,) = found["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("CodeLocation", UID, True)
    assert found["spec"]["selector"] == GATEWAYS
    assert found["spec"]["ports"] == [{"name": "grpc", "protocol": "TCP", "port": 3030, "targetPort": 20_007}]
    assert address(given, NAMESPACE) == "sales.data:3030"


def deployment(replicas: int | None = 1, **spec: Any) -> dict[str, Any]:
    return own_deployment(released(**spec), NAMESPACE, UID, REEF, replicas)


def test_a_pod_of_its_own_has_all_that_it_asks_for() -> None:
    found = deployment(
        whole=True, initContainers=[{"name": "wait", "image": "busybox:1"}], placement="standing"
    )
    pod = found["spec"]["template"]["spec"]
    one = container(pod, "sales")
    assert found["metadata"]["name"] == "reef-sales"
    assert one["args"][:6] == ["dagster", "api", "grpc", "-h", ANY_ADDRESS, "-p"]
    assert one["readinessProbe"]["grpc"] == {"port": 4000, "service": "DagsterApi"}
    assert one["resources"] == {"limits": {"memory": "1Gi", "cpu": "1"}}
    assert pod["securityContext"] == {"runAsUser": 1000, "fsGroup": 2000}
    assert pod["initContainers"] == [{"name": "wait", "image": "busybox:1"}]
    assert [each["name"] for each in pod["volumes"]] == ["keys", "scratch", "both"]
    env = {each["name"]: each.get("value") for each in one["env"]}
    assert env["DAGSTER_CURRENT_IMAGE"] == one["image"]
    assert found["spec"]["replicas"] == 1
    template = found["spec"]["template"]["metadata"]
    assert template["labels"][labels.VERSION] == "v1"
    assert template["labels"]["team"] == "sales"


def test_who_scales_it_is_left_alone() -> None:
    assert "replicas" not in deployment(None)["spec"]
    assert deployment(0)["metadata"] == deployment(None)["metadata"]


def test_a_sidecar_and_a_probe_of_its_own_stay() -> None:
    own = {"readinessProbe": {"tcpSocket": {"port": 4000}}, "ports": [{"containerPort": 9000}]}
    found = deployment(container=own, sidecarContainers=[{"name": "proxy", "image": "proxy:2"}])
    pod = found["spec"]["template"]["spec"]
    assert [each["name"] for each in pod["containers"]] == ["sales", "proxy"]
    assert container(pod, "sales")["readinessProbe"] == own["readinessProbe"]
    assert [each["containerPort"] for each in container(pod, "sales")["ports"]] == [4000, 9000]


def test_a_variable_comes_once_and_the_location_wins() -> None:
    found = deployment(env=[{"name": "DAGSTER_CURRENT_IMAGE", "value": "mine"}])
    env = container(found["spec"]["template"]["spec"], "sales")["env"]
    assert [each["value"] for each in env if each["name"] == "DAGSTER_CURRENT_IMAGE"] == ["mine"]


ARGS: list[tuple[dict[str, Any], list[str]]] = [
    (
        {"code": {"module": "m"}},
        [
            *("dagster", "api", "grpc", "-h", ANY_ADDRESS, "-p", "4000"),
            *("-m", "m", "--location-name", "sales"),
        ],
    ),
    (
        {"code": {"python_file": "f.py"}, "python": "/opt/python", "port": 7},
        [
            *("/opt/python", "-m", "dagster", "api", "grpc", "-h", ANY_ADDRESS, "-p", "7"),
            *("-f", "f.py", "--location-name", "sales"),
        ],
    ),
    (
        {"code": {"package": "p"}, "startCommand": "code-server", "location_name": "Sales & more"},
        [
            *("dagster", "code-server", "start", "-h", ANY_ADDRESS, "-p", "4000"),
            *("--package-name", "p", "--location-name", "Sales & more"),
        ],
    ),
    ({"startCommand": "image", "code": None, "args": ["serve"]}, []),
]


@pytest.mark.parametrize(("spec", "args"), ARGS)
def test_arguments_of_the_server(spec: dict[str, Any], args: list[str]) -> None:
    assert server_args(located(**spec)) == args


def test_an_image_that_starts_itself_keeps_its_own_arguments() -> None:
    found = deployment(startCommand="image", code=None, args=["x"])
    assert container(found["spec"]["template"]["spec"], "sales")["args"] == ["x"]


def test_a_probe_is_a_pack_of_one() -> None:
    given = released(whole=True, version="0123456789abcdef")
    found = probe_pod(given, NAMESPACE, UID, REEF, near="node-2")
    assert found["metadata"]["name"] == "reef-probe-sales-01234567"
    assert found["metadata"]["labels"][labels.VERSION] == "0123456789abcdef"
    assert found["metadata"]["labels"][labels.COMPONENT] == "probe"
    spec = found["spec"]
    assert spec["restartPolicy"] == "Never"
    assert [each["name"] for each in spec["containers"]] == ["reef", "location"]
    assert container(spec, "location")["imagePullPolicy"] == "Always"
    volumes = {each["name"]: each for each in spec["volumes"]}
    assert volumes["location-keys"]["secret"] == {"secretName": "sales-keys"}  # a missing one is to be seen
    assert volumes["reef-config"]["configMap"]["name"] == found["metadata"]["name"]
    (term,) = spec["affinity"]["nodeAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"]
    assert term["preference"]["matchFields"][0]["values"] == ["node-2"]
    config_map = probe_config_map(given, NAMESPACE, UID)
    assert config_map["metadata"]["name"] == found["metadata"]["name"]
    assert '"container":"location"' in config_map["data"]["pack.json"]


def test_the_workspace_names_services() -> None:
    given = [(located("sales", port=3030), "data"), (located("b", location_name="Alpha"), "other")]
    text = workspace_text("data", given)
    assert yaml.safe_load(text) == {
        "load_from": [
            {"grpc_server": {"host": "b.other", "port": 4000, "location_name": "Alpha"}},
            {"grpc_server": {"host": "sales", "port": 3030, "location_name": "sales"}},
        ]
    }
    assert workspace_text("data", reversed(given)) == text
    found = workspace_config_map("reef-workspace", "data", given)
    assert found["data"] == {"workspace.yaml": text}
    assert yaml.safe_load(workspace_text("data", [])) == {"load_from": []}


def test_defaults_belong_to_all_who_read_them() -> None:
    a, b = located("a", envDefaults={"X": "1"}), located("b", envDefaults={"X": "1"})
    owned = [(each, location_owner(each.name, f"uid-{each.name}")) for each in (a, b, located("c"))]
    (found,) = defaults_maps(owned, NAMESPACE)
    assert found["data"] == {"X": "1"}
    assert [each["name"] for each in found["metadata"]["ownerReferences"]] == ["a", "b"]
    assert sum(each["controller"] for each in found["metadata"]["ownerReferences"]) == 1


def test_what_a_location_reads() -> None:
    assert references(located(whole=True)) == (
        ConfigReference("ConfigMap", "common"),
        ConfigReference("ConfigMap", "settings"),
        ConfigReference("Secret", "celery", optional=True),
        ConfigReference("Secret", "pg", key="password"),
        ConfigReference("Secret", "sales-keys"),
        ConfigReference("Secret", "sales-secrets", optional=True),
        ConfigReference("Secret", "sales-token", key="token"),
    )


def test_what_makes_a_new_version() -> None:
    before = settings_digest(located(), {})
    fields: list[dict[str, Any]] = [
        {"env": [{"name": "A", "value": "b"}]},
        {"code": {"module": "other"}},
        {"python": "python3.12"},
        {"resources": {"limits": {"memory": "1Gi"}}},
        {"container_context": {"k8s": {"labels": {"a": "b"}}}},
        {"podSecurityContext": {"runAsUser": 7}},
        {"pod": {"runtimeClassName": "gvisor"}},
    ]
    for each in fields:
        assert settings_digest(located(**each), {}) != before, each
    live: list[dict[str, Any]] = [
        {"owner": "team"},
        {"placement": "standing", "replicas": 2},
        {"idle_timeout": "5m"},
        {"memory_limit": "1Gi"},
        {"port": 1},
        {"image": "acme/sales:2"},  # counted apart
    ]
    for each in live:
        assert settings_digest(located(**each), {}) == before, each


def test_a_secret_that_changes_or_appears_makes_a_new_version() -> None:
    given = located(envFrom=[{"secretRef": {"name": "s", "optional": True}}])
    digests = {
        settings_digest(given, hashes)
        for hashes in ({}, {("Secret", "s"): "1"}, {("Secret", "s"): "2"}, {("ConfigMap", "s"): "2"})
    }
    assert len(digests) == 3  # the ConfigMap of that name is somebody else's
    assert len({version(image, each) for image in ("a", "b") for each in digests}) == 6


def test_a_version_keeps_its_settings_while_limits_change() -> None:
    old = located(env=[{"name": "A", "value": "old"}], idle_timeout="5m", image="acme/sales:1")
    new = located(
        env=[{"name": "A", "value": "new"}], idle_timeout="9m", placement="standing", image="acme/sales:2"
    )
    served = as_released(new, recorded(old))
    assert served.spec.env == old.spec.env
    assert (served.spec.idle_timeout, served.spec.placement) == ("9m", "standing")
    assert as_released(old, recorded(old)) == old


@pytest.mark.parametrize(
    ("image", "image_id", "wanted"),
    [
        ("acme/sales:1", f"docker.io/acme/sales{DIGEST}", f"acme/sales:1{DIGEST}"),
        ("acme/sales:1", DIGEST.removeprefix("@"), "acme/sales:1"),  # from an archive: no registry knows it
        ("acme/sales:1", "", "acme/sales:1"),
        (f"acme/sales{DIGEST}", f"docker.io/acme/sales{DIGEST}", f"acme/sales{DIGEST}"),
    ],
)
def test_a_tag_becomes_a_digest(image: str, image_id: str, wanted: str) -> None:
    assert pinned(image, image_id) == wanted
