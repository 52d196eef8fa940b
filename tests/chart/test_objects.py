"""What the chart makes: restricted pods, policies that select what they should, budgets that hang no drain."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from helming import ROOT, Document, named, nested, pods_of, rendered
from located import NAMESPACE, REEF, UID, plan, released

from reef.kube import labels
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.probe import probe_pod
from reef.kube.objects.replica_set import pack_replica_set

PROCESSES = ("controller", "gateway")
SINGLE = ("page",)


@pytest.fixture(scope="module")
def objects(helm: Path) -> list[Document]:
    return rendered(helm)


def labels_of_pods(objects: list[Document]) -> dict[str, dict[str, str]]:
    """Component -> labels of its pods: the chart's, and those that the controller makes."""
    found = {}
    made = [
        pack_replica_set(plan([released("sales")]), REEF)["spec"]["template"],
        probe_pod(released("sales"), NAMESPACE, UID, REEF),
        own_deployment(released("sales"), NAMESPACE, UID, REEF, 1)["spec"]["template"],
    ]
    for template in (*pods_of(objects), *made):
        own = template["metadata"]["labels"]
        found[own[labels.COMPONENT]] = own
    assert set(found) == {"controller", "gateway", "page", "pack", "probe", "location"}
    return found


def selects(selector: dict[str, Any], own: dict[str, str]) -> bool:
    """As Kubernetes does; only what the chart uses."""
    assert set(selector) <= {"matchLabels", "matchExpressions"}
    exact = all(own.get(name) == value for name, value in selector.get("matchLabels", {}).items())
    for each in selector.get("matchExpressions", ()):
        assert each["operator"] == "In"
        exact = exact and own.get(each["key"]) in each["values"]
    return exact


def selected(selector: dict[str, Any], pods: dict[str, dict[str, str]]) -> set[str]:
    return {name for name, own in pods.items() if selects(selector, own)}


def let_in(policy: Document, pods: dict[str, dict[str, str]]) -> dict[object, set[str]]:
    """Port (None: each) -> components that may come, `everybody` where anyone may."""
    found: dict[object, set[str]] = {}
    for rule in policy["spec"]["ingress"]:
        who = {"everybody"}
        if "from" in rule:
            who = {name for each in rule["from"] for name in selected(each["podSelector"], pods)}
        for port in rule.get("ports") or [{"port": None}]:
            found[(port.get("endPort") and (port["port"], port["endPort"])) or port["port"]] = who
    return found


def test_policies_let_in_who_has_business_there(objects: list[Document]) -> None:
    pods = labels_of_pods(objects)
    ports = (labels.FIRST_GATEWAY_PORT, labels.LAST_GATEWAY_PORT)
    wanted: dict[str, tuple[set[str], dict[object, set[str]]]] = {
        "reef-gateway": (
            {"gateway"},
            {ports: set(pods), labels.PEER_PORT: {"controller"}, labels.HEALTH_PORT: {"everybody"}},
        ),
        "reef-pack": (
            {"pack", "probe"},
            {labels.PEER_PORT: {"controller", "gateway"}, labels.HEALTH_PORT: {"everybody"}},
        ),
        "reef-page": ({"page"}, {labels.HEALTH_PORT: {"everybody"}}),
        "reef-location": ({"location"}, {None: {"gateway"}}),
    }
    policies = [each for each in objects if each["kind"] == "NetworkPolicy"]
    found = {
        each["metadata"]["name"]: (selected(each["spec"]["podSelector"], pods), let_in(each, pods))
        for each in policies
    }
    assert found == wanted
    assert all(each["spec"]["policyTypes"] == ["Ingress"] for each in policies)


def test_the_page_is_reached_by_port_forward_alone_unless_it_is_asked_for(helm: Path) -> None:
    """It listens at its pod's loopback then, so no network has to enforce anything."""
    caller = {"podSelector": {"matchLabels": {"app": "proxy"}}}

    def listens_at(objects: list[Document]) -> str:
        (container,) = named(objects, "Deployment", "reef-page")["spec"]["template"]["spec"]["containers"]
        return next(each["value"] for each in container["env"] if each["name"] == "REEF_PAGE_HOST")

    def ports(objects: list[Document]) -> dict[int, object]:
        rules = named(objects, "NetworkPolicy", "reef-page")["spec"]["ingress"]
        return {rule["ports"][0]["port"]: rule.get("from") for rule in rules}

    objects = rendered(helm)
    assert listens_at(objects) == "127.0.0.1"
    assert [each for each in objects if each["kind"] == "Service"] == []
    asked = rendered(helm, {"page": {"service": {"enabled": True}}})
    assert listens_at(asked) == "0.0.0.0"  # noqa: S104
    assert ports(asked) == {labels.HEALTH_PORT: None}, "nobody is let in who is not named"
    asked = rendered(
        helm, {"page": {"service": {"enabled": True, "callers": [caller], "hosts": ["reef.test"]}}}
    )
    assert ports(asked) == {labels.HEALTH_PORT: None, 3200: [caller]}
    service = named(asked, "Service", "reef-page")
    assert service["spec"]["type"] == "ClusterIP"
    assert selected({"matchLabels": service["spec"]["selector"]}, labels_of_pods(asked)) == {"page"}


def test_a_page_without_history_has_no_credential_and_one_without_logs_reads_none(helm: Path) -> None:
    objects = rendered(helm, {"page": {"history": {"enabled": False}, "logs": False}})
    (container,) = named(objects, "Deployment", "reef-page")["spec"]["template"]["spec"]["containers"]
    assert not [
        each for each in container["env"] if each["name"].startswith("PG") or "DATABASE" in each["name"]
    ]
    resources = [name for rule in named(objects, "Role", "reef-page")["rules"] for name in rule["resources"]]
    assert "pods/log" not in resources


def test_no_page_leaves_nothing_of_it(helm: Path) -> None:
    objects = rendered(helm, {"page": {"enabled": False}, "metrics": {"podMonitors": {"enabled": True}}})
    assert not [each for each in objects if "page" in each["metadata"]["name"]]


def test_callers_can_be_narrowed(helm: Path) -> None:
    caller = {"namespaceSelector": {"matchLabels": {"team": "data"}}, "podSelector": {}}
    policy = named(rendered(helm, nested("networkPolicy.callers", [caller])), "NetworkPolicy", "reef-gateway")
    assert policy["spec"]["ingress"][0]["from"] == [caller]


@pytest.mark.parametrize("replicas", [0, 1, 2, 5])
def test_a_drain_always_gets_on(helm: Path, replicas: int) -> None:
    """A budget that asks for a number of pods that stay hangs a drain where there are no more than those."""
    values = {name: {"replicas": replicas} for name in PROCESSES}
    objects = rendered(helm, values)
    pods = labels_of_pods(objects)
    for name in PROCESSES:
        spec = named(objects, "PodDisruptionBudget", f"reef-{name}")["spec"]
        assert spec["maxUnavailable"] == 1
        assert "minAvailable" not in spec
        assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
        assert selected(spec["selector"], pods) == {name}
        assert named(objects, "Deployment", f"reef-{name}")["spec"]["replicas"] == replicas


def test_every_container_is_restricted(objects: list[Document]) -> None:
    """Pod Security's own words; the API server judges them in test_install.py."""
    count = 0
    for template in pods_of(objects):
        spec = template["spec"]
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] == 10001
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert {*spec} & {"hostNetwork", "hostPID", "hostIPC"} == set()
        assert {kind for volume in spec["volumes"] for kind in volume} <= {"name", "emptyDir", "secret"}
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            count += 1
            own = container["securityContext"]
            assert own["allowPrivilegeEscalation"] is False
            assert own["readOnlyRootFilesystem"] is True
            assert own["capabilities"] == {"drop": ["ALL"]}
            assert not [port for port in container["ports"] if "hostPort" in port]
            assert {"requests", "limits"} <= container["resources"].keys()
    assert count == len(PROCESSES) + len(SINGLE)


def test_a_deployment_finds_its_own_pods_and_no_others(objects: list[Document]) -> None:
    pods = labels_of_pods(objects)
    for name in PROCESSES:
        spec = named(objects, "Deployment", f"reef-{name}")["spec"]
        assert selected(spec["selector"], pods) == {name}
        (spread,) = spec["template"]["spec"]["topologySpreadConstraints"]
        assert selected(spread["labelSelector"], pods) == {name}


def test_every_variable_that_the_chart_sets_is_read(objects: list[Document]) -> None:
    set_by_chart = {
        each["name"]
        for template in pods_of(objects)
        for container in template["spec"]["containers"]
        for each in container["env"]
        if each["name"].startswith("REEF_")
    }
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "src" / "reef").rglob("*.py"))
    read = set(re.findall(r"\bREEF_[A-Z_]+[A-Z]\b", source))
    assert len(set_by_chart) > 10
    assert set_by_chart - read == set()


def test_a_gateway_has_time_to_end(objects: list[Document]) -> None:
    """It lingers, then calls under way end: kubelet's patience is longer than both by default."""
    from reef.gateways.settings import GatewaySettings

    given = GatewaySettings(state=Path("x"), tls=Path("y"))
    grace_s = named(objects, "Deployment", "reef-gateway")["spec"]["template"]["spec"][
        "terminationGracePeriodSeconds"
    ]
    assert grace_s > given.linger_s + given.grace_s


def test_no_secret_value_is_in_what_is_made(objects: list[Document]) -> None:
    assert [each for each in objects if each["kind"] == "Secret"] == []
    (container,) = named(objects, "Deployment", "reef-controller")["spec"]["template"]["spec"]["containers"]
    (password,) = [each for each in container["env"] if each["name"] == "PGPASSWORD"]
    assert set(password) == {"name", "valueFrom"}
    (container,) = named(objects, "Deployment", "reef-gateway")["spec"]["template"]["spec"]["containers"]
    assert not [
        each for each in container["env"] if each["name"].startswith("PG") or "DATABASE" in each["name"]
    ]
