"""The pod in which a version is tried: a pack of one, that nobody is served from.

Its containers are not restarted. So an image that ends at once is seen as ended, with its exit code, and kubelet spends
nothing on it; a missing image or Secret is waited for all the same.
"""

from __future__ import annotations

from typing import Any

from reef.kube import labels
from reef.kube.asked import document
from reef.kube.objects.meta import location_owner, metadata
from reef.kube.objects.names import probe_name
from reef.kube.objects.pack_config_map import config_map, pack_location
from reef.kube.objects.packed_pod import pod_spec
from reef.kube.objects.released import PackedContainer, ReefPods, Released
from reef.peers.messages import PackConfig

COMPONENT = "probe"
CONTAINER = labels.PROBE_CONTAINER


def probe_pod(
    released: Released, namespace: str, uid: str, reef: ReefPods, near: str | None = None
) -> dict[str, Any]:
    """`near`: the node on which the version is going to run, if there is room: there its image is pulled then."""
    container = PackedContainer(CONTAINER, (released,))
    name = probe_name(released.name, released.version)
    spec = pod_spec([container], namespace, name, reef)
    spec["restartPolicy"] = "Never"
    spec["terminationGracePeriodSeconds"] = 5
    spec["volumes"] = _as_asked(spec["volumes"], released)
    if near:
        spec["affinity"] = _near(spec.get("affinity") or {}, near)
    if policy := document(released.location)["container"].get("imagePullPolicy"):
        spec["containers"][1]["imagePullPolicy"] = policy
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": _metadata(released, namespace, uid, name),
        "spec": spec,
    }


def probe_config_map(released: Released, namespace: str, uid: str) -> dict[str, Any]:
    """What the pod's host is told; it has the pod's name and is there before it."""
    container = PackedContainer(CONTAINER, (released,))
    config = PackConfig(generation=1, locations=(pack_location(released, container, namespace),))
    owners = (location_owner(released.name, uid),)
    return config_map(probe_name(released.name, released.version), namespace, COMPONENT, config, owners)


def _metadata(released: Released, namespace: str, uid: str, name: str) -> dict[str, Any]:
    asked = document(released.location)["metadata"]
    own = {labels.LOCATION: released.name, labels.VERSION: released.version}
    return metadata(
        name,
        namespace,
        COMPONENT,
        label={**asked.get("labels", {}), labels.PART_OF: "reef", labels.COMPONENT: COMPONENT, **own},
        annotations=asked.get("annotations"),
        owners=(location_owner(released.name, uid),),
    )


def _as_asked(volumes: list[dict[str, Any]], released: Released) -> list[dict[str, Any]]:
    """Volumes that a pack takes as optional ones are here what they are for a pod of its own."""
    asked = document(released.location)["pod"].get("volumes", ())
    sources = {f"{CONTAINER}-{each['name']}"[:63]: each for each in asked}
    return [
        {**sources[each["name"]], "name": each["name"]} if each["name"] in sources else each
        for each in volumes
    ]


def _near(affinity: dict[str, Any], node: str) -> dict[str, Any]:
    term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
    of_node = dict(affinity.get("nodeAffinity") or {})
    already = of_node.get("preferredDuringSchedulingIgnoredDuringExecution", [])
    of_node["preferredDuringSchedulingIgnoredDuringExecution"] = [
        *already,
        {"weight": 100, "preference": term},
    ]
    return {**affinity, "nodeAffinity": of_node}
