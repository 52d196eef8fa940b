"""Pods that are to be elsewhere than on a node that is lost, before the scheduler knows that it is."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from reef.kube import labels

_WEIGHT = 100


def avoiding(document: dict[str, Any], nodes: Collection[str]) -> dict[str, Any]:
    """A ReplicaSet or Deployment whose pods would rather be on any other node. What it is made from stays the same, so
    nothing changes again when the node is back."""
    if not nodes:
        return document
    names = sorted(nodes)
    meta, spec = document["metadata"], document["spec"]
    template = spec["template"]
    affinity = dict(template["spec"].get("affinity") or {})
    of_node = dict(affinity.get("nodeAffinity") or {})
    others = list(of_node.get("preferredDuringSchedulingIgnoredDuringExecution") or ())
    term = {
        "matchFields": [{"key": "metadata.name", "operator": "NotIn", "values": [name]} for name in names]
    }
    of_node["preferredDuringSchedulingIgnoredDuringExecution"] = [
        *others,
        {"weight": _WEIGHT, "preference": term},
    ]
    inside = {**template["spec"], "affinity": {**affinity, "nodeAffinity": of_node}}
    notes = {**(meta.get("annotations") or {}), labels.AVOIDS: ",".join(names)}
    return {
        **document,
        "metadata": {**meta, "annotations": notes},
        "spec": {**spec, "template": {**template, "spec": inside}},
    }


def avoided(annotation: str | None) -> frozenset[str]:
    return frozenset(name for name in (annotation or "").split(",") if name)
