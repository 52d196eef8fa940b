"""A pack, as a ReplicaSet of one pod.

A changed template of a ReplicaSet touches no pod that runs. So the image of one container may be changed in pod and
template, and kubelet restarts that container alone.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from reef.kube import labels
from reef.kube.asked import document
from reef.kube.objects import contents
from reef.kube.objects.meta import digest, metadata
from reef.kube.objects.pack_config_map import pack_location
from reef.kube.objects.packed_pod import Sizes, pod_spec
from reef.kube.objects.released import Owner, PackedContainer, PackPlan, ReefPods
from reef.kube.seen.state import PodSeen

COMPONENT = "pack"


def pack_replica_set(
    plan: PackPlan, reef: ReefPods, sizes: Sizes | None = None, owners: tuple[Owner, ...] = ()
) -> dict[str, Any]:
    """`sizes` as in `packed_pod`. Its ConfigMap (`pack_config.pack_config_map`) has to be there first."""
    members = {each.name: _members(each, plan.namespace) for each in plan.containers}
    unsized = _template(plan, reef, None)  # a pod is not worth replacing for other requests
    found = contents.contents(unsized, members)
    notes = {labels.MADE_FROM: contents.made_from(unsized, found), labels.CONTENTS: contents.text(found)}
    template = _template(plan, reef, sizes)
    own = {labels.PACK: plan.name}
    template["metadata"]["labels"] |= own
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata(
            plan.name, plan.namespace, COMPONENT, label=own, annotations=notes, owners=owners
        ),
        "spec": {"replicas": 1, "selector": {"matchLabels": own}, "template": template},
    }


def image_patch(container: str, image: str) -> dict[str, Any]:
    """A strategic merge patch for a pod's template, that gives one container another image."""
    return {"spec": {"containers": [{"name": container, "image": image}]}}


def pod_patch(container: str, image: str, pod: PodSeen) -> dict[str, Any]:
    """The same for a pod that runs; it remembers which start of the container has the old image. One that was never
    started has none."""
    replaced = {name: each for name, each in pod.replaced.items() if name != container}
    there = pod.containers.get(container)
    if there is not None and there.was_started:
        replaced[container] = there.restarts
    note = json.dumps(replaced, sort_keys=True)
    return {**image_patch(container, image), "metadata": {"annotations": {labels.REPLACED: note}}}


def _members(container: PackedContainer, namespace: str) -> dict[str, str]:
    told = {one.name: pack_location(one, container, namespace) for one in container.members}
    return {name: digest(msgspec.to_builtins(each)) for name, each in told.items()}


def _template(plan: PackPlan, reef: ReefPods, sizes: Sizes | None) -> dict[str, Any]:
    """Nothing in it depends on the plan's number but the name of the ConfigMap."""
    asked = document(plan.containers[0].first.location)["metadata"]
    meta: dict[str, Any] = {
        "labels": {**asked.get("labels", {}), labels.PART_OF: "reef", labels.COMPONENT: COMPONENT}
    }
    if asked.get("annotations"):
        meta["annotations"] = dict(asked["annotations"])
    return {
        "metadata": meta,
        "spec": pod_spec(plan.containers, plan.namespace, plan.name, reef, sizes),
    }
