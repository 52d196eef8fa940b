"""What is made is what an API server takes. Objects are only tried (`--dry-run=server`): nothing runs there.

The namespace asks for Pod Security *restricted*; an API server judges pods by it when they are made, not templates.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from located import NAMESPACE, REEF, UID, located, plan, released

from deadlines import scaled
from lab.apiserver import ApiServer
from lab.kubectl import KubectlError
from reef.fleet.model import ServiceSpec
from reef.kube.group import API_VERSION, GROUP, KIND, PLURAL
from reef.kube.model.crd import definition_text
from reef.kube.objects.avoiding import avoiding
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.environment import defaults_maps
from reef.kube.objects.location_status import Serving, StatusSeen, status
from reef.kube.objects.meta import location_owner
from reef.kube.objects.pack_config_map import pack_config_map
from reef.kube.objects.probe import probe_config_map, probe_pod
from reef.kube.objects.replica_set import image_patch, pack_replica_set
from reef.kube.objects.service import service
from reef.kube.objects.shared_service import PROGRAM, ServicePod, shared_service
from reef.kube.objects.workspace import workspace_config_map

RESTRICTED: dict[str, Any] = {
    "podSecurityContext": {"runAsUser": 1000, "fsGroup": 2000, "seccompProfile": {"type": "RuntimeDefault"}},
    "securityContext": {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
    },
}
WHOLE = {"whole": True, **RESTRICTED}
SERVICE = shared_service(
    ServiceSpec("postal", "parser", ("parse",), "", "", memory_limit_bytes=3 << 30, replicas=(1, 4)),
    ServicePod(
        name="postal",
        namespace=NAMESPACE,
        image="acme/postal:1",
        env={"STAGE": "prod"},
        workdir="/app",
        program=dict.fromkeys(PROGRAM, "import os\n"),
    ),
)


@pytest.fixture(scope="module")
def crd(api_server: ApiServer) -> None:
    api_server.kubectl("apply", "-f", "-", stdin=definition_text())
    wait = ("wait", "crd", f"{PLURAL}.{GROUP}", "--for=condition=Established", "--timeout=60s")
    api_server.kubectl(*wait, timeout_s=scaled(90))


@pytest.fixture
def restricted(api_server: ApiServer, kube_namespace: str) -> str:
    label = "pod-security.kubernetes.io/enforce=restricted"
    api_server.kubectl("label", "namespace", kube_namespace, label)
    return kube_namespace


def tried(api_server: ApiServer, namespace: str, *objects: dict[str, Any]) -> list[dict[str, Any]]:
    """As the server would keep them."""
    items = [{**each, "metadata": {**each["metadata"], "namespace": namespace}} for each in objects]
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    words = ("apply", "--server-side", "--dry-run=server", "-f", "-", "-o", "json", "--validate=strict")
    found = json.loads(api_server.kubectl(*words, stdin=listed))
    kept: list[dict[str, Any]] = found["items"] if found["kind"] == "List" else [found]
    return kept


def as_pod(replica_set: dict[str, Any]) -> dict[str, Any]:
    template = replica_set["spec"]["template"]
    metadata = {**template["metadata"], "name": replica_set["metadata"]["name"]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def is_in(ours: Any, theirs: Any) -> bool:
    """Whether the server kept all that was said, beside its defaults."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(is_in(each, theirs.get(name)) for name, each in ours.items())
    if isinstance(ours, list):
        return (
            isinstance(theirs, list)
            and len(ours) == len(theirs)
            and all(is_in(one, other) for one, other in zip(ours, theirs, strict=True))
        )
    return bool(ours == theirs)


def test_every_object_is_taken_whole(api_server: ApiServer, kube_namespace: str) -> None:
    pack = plan([released(**WHOLE)], [released("finance", **WHOLE)])
    given = released(**WHOLE)
    objects = [
        service(located(), NAMESPACE, UID, 20_000, {"a": "b"}),
        pack_config_map(pack, 1),
        pack_replica_set(pack, REEF),
        probe_config_map(given, NAMESPACE, UID),
        probe_pod(given, NAMESPACE, UID, REEF, near="node-1"),
        own_deployment(given, NAMESPACE, UID, REEF, 2),
        avoiding(own_deployment(released("elsewhere"), NAMESPACE, UID, REEF, None), {"node-1", "node-2"}),
        own_deployment(released("on-demand"), NAMESPACE, UID, REEF, 0),
        workspace_config_map("reef-workspace", NAMESPACE, [(located(), NAMESPACE)]),
        *defaults_maps([(given.location, location_owner("sales", UID))], NAMESPACE),
        *SERVICE,
    ]
    for ours, theirs in zip(objects, tried(api_server, kube_namespace, *objects), strict=True):
        for part in ("spec", "data"):
            if part in ours:
                assert is_in(ours[part], theirs[part]), (ours["kind"], ours["metadata"]["name"])
        assert is_in(ours["metadata"].get("labels"), theirs["metadata"].get("labels"))


def test_reef_keeps_to_restricted(api_server: ApiServer, restricted: str) -> None:
    pods = [
        as_pod(pack_replica_set(plan([released(**WHOLE)]), REEF)),
        probe_pod(released(**WHOLE), NAMESPACE, UID, REEF),
        as_pod(SERVICE[1]),
    ]
    assert len(tried(api_server, restricted, *pods)) == 3


def test_a_location_that_does_not_is_refused_for_its_own_container(
    api_server: ApiServer, restricted: str
) -> None:
    """So that the test above is one that can fail."""
    with pytest.raises(KubectlError) as refused:
        tried(api_server, restricted, as_pod(pack_replica_set(plan([released()]), REEF)))
    assert 'container "sales"' in str(refused.value)
    assert '"reef"' not in str(refused.value)


def test_the_image_of_one_container_may_change_in_a_pod(api_server: ApiServer, kube_namespace: str) -> None:
    pod = as_pod(pack_replica_set(plan([released()], [released("finance")]), REEF))
    pod["metadata"]["namespace"] = kube_namespace
    kubectl = api_server.kubectl
    kubectl.apply(pod)
    name = pod["metadata"]["name"]
    patch = json.dumps(image_patch("finance", "acme/finance:2"))
    kubectl("-n", kube_namespace, "patch", "pod", name, "--type=strategic", "-p", patch)
    after = kubectl.json("-n", kube_namespace, "get", "pod", name)
    images = {each["name"]: each["image"] for each in after["spec"]["containers"]}
    assert images["finance"] == "acme/finance:2"
    assert images["sales"] == released().image


@pytest.mark.usefixtures("crd")
def test_a_status_is_taken_whole(api_server: ApiServer, kube_namespace: str) -> None:
    given = located().document()
    given["metadata"]["namespace"] = kube_namespace
    api_server.kubectl.apply(given)
    seen = StatusSeen(
        generation=1,
        phase="refused",
        reason="LoadError",
        message="It does not load.",
        version="v1",
        image="a:1",
        digest="sha256:1",
        placement="packed",
        placement_why="A pack keeps all.",
        serving=Serving(20_000, pack="pack-1-1"),
        address="sales.data:4000",
    )
    ours = status(seen, None, "2026-11-30T02:18:11Z")
    identity = {"name": "sales", "namespace": kube_namespace}
    document = {"apiVersion": API_VERSION, "kind": KIND, "metadata": identity, "status": ours}
    words = ("apply", "--server-side", "--subresource=status", "-f", "-", "-o", "json")
    theirs = json.loads(api_server.kubectl(*words, stdin=json.dumps(document)))
    assert theirs["status"] == ours
    assert status(seen, theirs["status"], "2027-01-01T00:00:00Z") == ours
    said = api_server.kubectl("-n", kube_namespace, "get", "codelocation", "sales")
    assert "packed" in said
