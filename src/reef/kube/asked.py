"""What a CodeLocation asks of a pod, in Kubernetes' own form, whichever of its fields says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from reef.kube.model import CodeLocation

# Field of a CodeLocation -> of a pod's spec.
_OF_POD = {
    "serviceAccountName": "serviceAccountName",
    "podSecurityContext": "securityContext",
    "nodeSelector": "nodeSelector",
    "tolerations": "tolerations",
    "affinity": "affinity",
    "schedulerName": "schedulerName",
    "imagePullSecrets": "imagePullSecrets",
    "volumes": "volumes",
    "initContainers": "initContainers",
    "sidecarContainers": "containers",
}
_OF_CONTAINER = (
    "image",
    "imagePullPolicy",
    "command",
    "args",
    "env",
    "envFrom",
    "resources",
    "volumeMounts",
    "securityContext",
)
_OF_METADATA = ("labels", "annotations")
# Variables that the server has beside those: none of them is a field of a container before the pod is made.
_BESIDE = ("envDefaults", "instance")

# The beginning of a path in Kubernetes' API -> the words of whoever wrote the CodeLocation.
WRITTEN: Mapping[str, str] = {
    **{f"pod.{theirs}": ours for ours, theirs in _OF_POD.items()},
    **{f"container.{name}": name for name in _OF_CONTAINER},
    **{f"metadata.{name}": name for name in _OF_METADATA},
}


def document(location: CodeLocation) -> dict[str, dict[str, Any]]:
    """Sections `pod`, `container` and `metadata`. What `pod` and `container` say is added to the fields that have a
    name of their own, which win; a sidecar is one of the pod's containers, the server's is not."""
    plain: dict[str, Any] = msgspec.to_builtins(location.spec)
    pod = {theirs: plain[ours] for ours, theirs in _OF_POD.items() if ours in plain}
    container = {name: plain[name] for name in _OF_CONTAINER if name in plain}
    return {
        "pod": _added(pod, plain.get("pod", {})),
        "container": _added(container, plain.get("container", {})),
        "metadata": {name: plain[name] for name in _OF_METADATA if name in plain},
    }


def beside(location: CodeLocation) -> dict[str, Any]:
    """What else all servers of one container have."""
    plain: dict[str, Any] = msgspec.to_builtins(location.spec)
    return {name: plain[name] for name in _BESIDE if name in plain}


def _added(own: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(own)
    for name, value in more.items():
        there = found.get(name)
        if isinstance(there, list) and isinstance(value, list):
            found[name] = [*there, *value]
        elif isinstance(there, dict) and isinstance(value, dict):
            found[name] = _added(there, value)
        elif name not in found:
            found[name] = value
    return found
