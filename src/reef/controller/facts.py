"""What metrics say of a code location on a cluster, from its objects. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from reef.controller.book import Book
from reef.controller.known import Known
from reef.kube import labels
from reef.kube.objects.deployment import COMPONENT
from reef.kube.objects.pack_config_map import quantity_bytes
from reef.kube.quantities import quantity
from reef.kube.seen.reading import pod_seen, seconds
from reef.kube.seen.state import DeploymentSeen, PodSeen, ReplicaSetSeen


@dataclass(frozen=True)
class Facts:
    """Seconds, bytes, cores; None for what nobody says. `state` is that of a location with pods of its own. `pods` are
    its own, without probes; `images` the names under which kubelet may have pulled its image."""

    name: str
    owner: str | None
    placement: str
    version: str
    load_failed: bool
    pinned: bool
    recorded_at: float | None
    images: tuple[str, ...] = ()
    requests: Mapping[str, float] = field(default_factory=dict)
    memory_limit: int | None = None
    state: str | None = None
    pods: tuple[PodSeen, ...] = ()
    ready_s: float | None = None
    started_s: float | None = None


@dataclass(frozen=True)
class FollowedObjects:
    """What a controller follows. `pods` are those of `own_pods`: when one was ready is read here alone."""

    pods: Mapping[str, Sequence[Mapping[str, Any]]]
    sets: tuple[ReplicaSetSeen, ...]
    deployments: Mapping[str, DeploymentSeen]


def own_pods(pods: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Location -> the documents of its own pods, without probes; once for all locations."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for pod in pods:
        own = pod["metadata"].get("labels") or {}
        if own.get(labels.COMPONENT) == COMPONENT and (name := own.get(labels.LOCATION)):
            found.setdefault(name, []).append(pod)
    return found


def facts(each: Known, book: Book, objects: FollowedObjects) -> Facts:
    status = each.status
    serving = status.get("serving") or {}
    spec = each.location.spec if each.location is not None else None
    resources = _plain(spec.resources) if spec is not None else {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    kept = book.kept.get(book.version or "")
    own = objects.pods.get(each.name, ())
    newest = max(own, key=lambda pod: str(pod["metadata"].get("creationTimestamp")), default=None)
    return Facts(
        name=each.name,
        owner=(spec.owner or None) if spec is not None else None,
        placement=str((status.get("placement") or {}).get("chosen", "")),
        version=str(status.get("version", "")),
        load_failed=status.get("phase") == "refused" or book.shown_error is not None,
        pinned=bool(status.get("pinned")),
        recorded_at=kept.recorded_at if kept is not None else None,
        images=kept.images if kept is not None else (),
        requests=_amounts(requests),
        memory_limit=quantity_bytes(limits.get("memory")),
        state=_state(objects.deployments.get(str(serving.get("deployment", "")))),
        pods=tuple(pod_seen(pod) for pod in own),
        ready_s=_ready_s(newest) if newest is not None else None,
        started_s=_started_s(each.name, newest, objects.sets, str(serving.get("pack", ""))),
    )


def _plain(resources: object) -> dict[str, Any]:
    """Nothing for what is not set."""
    found = msgspec.to_builtins(resources) if isinstance(resources, msgspec.Struct) else resources
    return found if isinstance(found, dict) else {}


def _amounts(requests: Mapping[str, Any]) -> dict[str, float]:
    amounts = {name: quantity(requests.get(name)) for name in ("memory", "cpu")}
    return {name: amount for name, amount in amounts.items() if amount is not None}


def _state(deployment: DeploymentSeen | None) -> str | None:
    """As on one machine: an on-demand location without a pod is asleep."""
    if deployment is None:
        return None
    if deployment.available > 0:
        return "warm"
    return "waking" if deployment.wanted else "asleep"


def _ready_s(pod: Mapping[str, Any]) -> float | None:
    created = seconds(pod["metadata"].get("creationTimestamp"))
    for condition in (pod.get("status") or {}).get("conditions") or ():
        if condition.get("type") == "Ready" and condition.get("status") == "True" and created is not None:
            return max(0.0, (seconds(condition.get("lastTransitionTime")) or created) - created)
    return None


def _started_s(
    name: str, newest: Mapping[str, Any] | None, sets: Iterable[ReplicaSetSeen], pack: str
) -> float | None:
    """Of its container in its own pod, else in the pod of its pack."""
    if newest is not None:
        pod = pod_seen(newest)
        return _since(pod, next(iter(pod.containers), ""))
    for each in sets:
        if each.name == pack and each.pod is not None:
            return _since(each.pod, each.container_of(name) or "")
    return None


def _since(pod: PodSeen, container: str) -> float | None:
    """Until a container was first started; after a restart nobody knows."""
    found = pod.containers.get(container)
    if found is None or found.state != "running" or found.restarts or found.since is None:
        return None
    return max(0.0, found.since - pod.created)
