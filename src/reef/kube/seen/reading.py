"""Documents of an API server as values. What is missing is taken for what Kubernetes means by that."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from reef.kube import labels
from reef.kube.objects.avoiding import avoided
from reef.kube.objects.contents import read
from reef.kube.seen.state import ContainerSeen, DeploymentSeen, PodSeen, ReplicaSetSeen, State


def pod_seen(pod: Mapping[str, Any]) -> PodSeen:
    """A Pod."""
    meta, spec, status = _parts(pod)
    images = {
        each["name"]: each.get("image", "")
        for each in (*spec.get("containers", ()), *spec.get("initContainers", ()))
    }
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    scheduled = conditions.get("PodScheduled", {})
    stuck = scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable"
    return PodSeen(
        name=meta.get("name", ""),
        created=seconds(meta.get("creationTimestamp")) or 0.0,
        phase=status.get("phase", "Pending"),
        node=spec.get("nodeName"),
        ip=status.get("podIP") or None,
        deleting="deletionTimestamp" in meta,
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        unschedulable=scheduled.get("message", "") if stuck else None,
        unschedulable_since=seconds(scheduled.get("lastTransitionTime")) if stuck else None,
        containers=_containers(spec.get("containers", ()), status.get("containerStatuses"), images),
        init=_containers(spec.get("initContainers", ()), status.get("initContainerStatuses"), images),
        labels=meta.get("labels") or {},
        replaced=_replaced((meta.get("annotations") or {}).get(labels.REPLACED)),
        uid=meta.get("uid") or "",
    )


def replica_set_seen(replica_set: Mapping[str, Any], pods: Iterable[PodSeen]) -> ReplicaSetSeen:
    """A ReplicaSet of a pack; `pods` may be those of others too."""
    meta, spec, _ = _parts(replica_set)
    notes = meta.get("annotations") or {}
    inside = ((spec.get("template") or {}).get("spec") or {}).get("containers", ())
    images = {each["name"]: each.get("image", "") for each in inside}
    name = meta.get("name", "")
    own = [each for each in pods if each.labels.get(labels.PACK) == name and not each.deleting]
    alive = [each for each in own if each.phase not in ("Failed", "Succeeded")] or own
    return ReplicaSetSeen(
        name=name,
        created=seconds(meta.get("creationTimestamp")) or 0.0,
        made_from=notes.get(labels.MADE_FROM, ""),
        contents=read(notes.get(labels.CONTENTS, ""), images),
        deleting="deletionTimestamp" in meta,
        pod=max(alive, key=lambda each: (each.created, each.name), default=None),
    )


def deployment_seen(deployment: Mapping[str, Any]) -> DeploymentSeen:
    """A Deployment."""
    meta, spec, status = _parts(deployment)
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    failing = [each for each in conditions.values() if each["type"] == "ReplicaFailure"]
    stuck = [each for each in conditions.values() if each.get("reason") == "ProgressDeadlineExceeded"]
    template = ((spec.get("template") or {}).get("metadata") or {}).get("labels") or {}
    return DeploymentSeen(
        name=meta.get("name", ""),
        generation=meta.get("generation", 0),
        observed_generation=status.get("observedGeneration", 0),
        wanted=spec.get("replicas", 1),
        updated=status.get("updatedReplicas", 0),
        available=status.get("availableReplicas", 0),
        made_from=(meta.get("annotations") or {}).get(labels.MADE_FROM, ""),
        version=template.get(labels.VERSION, ""),
        message=next((each.get("message", "") for each in (*failing, *stuck)), ""),
        avoids=avoided((meta.get("annotations") or {}).get(labels.AVOIDS)),
    )


def _replaced(annotation: str | None) -> dict[str, int]:
    try:
        return {name: int(each) for name, each in json.loads(annotation or "{}").items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def seconds(text: str | None) -> float | None:
    """Unix seconds of a time as Kubernetes writes it; None for none."""
    return datetime.fromisoformat(text).timestamp() if text else None


def timestamp(at: float) -> str:
    """As Kubernetes writes it."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _parts(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]:
    return document.get("metadata") or {}, document.get("spec") or {}, document.get("status") or {}


def _containers(
    asked: Iterable[Mapping[str, Any]],
    statuses: Iterable[Mapping[str, Any]] | None,
    images: Mapping[str, str],
) -> dict[str, ContainerSeen]:
    told = {each["name"]: each for each in statuses or ()}
    return {each["name"]: _container(each["name"], told.get(each["name"], {}), images) for each in asked}


def _container(name: str, status: Mapping[str, Any], images: Mapping[str, str]) -> ContainerSeen:
    state = status.get("state") or {}
    kind: State = next((each for each in ("running", "terminated") if each in state), "waiting")
    said: Mapping[str, Any] = state.get(kind) or {}
    ended = said if kind == "terminated" else (status.get("lastState") or {}).get("terminated") or {}
    return ContainerSeen(
        name=name,
        image=images.get(name, ""),
        image_id=status.get("imageID", ""),
        state=kind,
        ready=bool(status.get("ready")),
        reason=said.get("reason", ""),
        message=said.get("message", "") or ended.get("message", ""),
        exit_code=ended.get("exitCode"),
        restarts=status.get("restartCount", 0),
        since=seconds(said.get("startedAt") or said.get("finishedAt")),
    )
