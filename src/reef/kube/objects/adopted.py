"""A Service that somebody else made and that Reef takes over: it stays the same object, and leads elsewhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reef.kube import labels
from reef.kube.model import CodeLocation

_SAVED = ("selector", "ports")
KEEP = "helm.sh/resource-policy"
_OURS = (labels.PART_OF, labels.COMPONENT, labels.LOCATION)


def made_by_reef(service: Mapping[str, Any]) -> bool:
    """Whether it is Reef's own, so that it goes with its CodeLocation."""
    return (service["metadata"].get("labels") or {}).get(labels.PART_OF) == "reef"


def adopted(
    location: CodeLocation, there: Mapping[str, Any], gateway_port: int, gateway_labels: Mapping[str, str]
) -> dict[str, Any]:
    """For server-side apply: where it leads, and nothing that its owner might look for. It has no owner of Reef's, so
    it outlives its CodeLocation; where it led before is noted on it for that."""
    metadata: dict[str, Any] = {"name": location.name, "namespace": there["metadata"]["namespace"]}
    notes = dict(location.spec.service.annotations or {}) if location.spec.service else {}
    if before := location.annotations.get(labels.BEFORE_CUTOVER):
        notes[labels.BEFORE_CUTOVER] = before
    if notes:
        metadata["annotations"] = notes
    port: dict[str, Any] = {"port": location.port, "protocol": "TCP", "targetPort": gateway_port}
    if name := (port_of(there, location.port) or {}).get("name"):
        port["name"] = name
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata,
        "spec": {"selector": dict(gateway_labels), "ports": [port]},
    }


def leads_to(service: Mapping[str, Any], port: int, selector: Mapping[str, str]) -> str | int | None:
    """The port of pods to which its `port` leads; None where it leads to other pods than `selector` chooses."""
    found = port_of(service, port)
    if found is None or (service["spec"].get("selector") or {}) != dict(selector):
        return None
    target: str | int = found.get("targetPort", port)
    return target


def port_of(service: Mapping[str, Any], port: int) -> Mapping[str, Any] | None:
    """One of its TCP ports."""
    ports = service["spec"].get("ports") or ()
    return next(
        (each for each in ports if each["port"] == port and each.get("protocol", "TCP") == "TCP"), None
    )


def before_cutover(service: Mapping[str, Any]) -> str:
    """What has to be known for the way back, for the annotation of a CodeLocation."""
    found = {name: service["spec"][name] for name in _SAVED if name in service["spec"]}
    found[KEEP] = (service["metadata"].get("annotations") or {}).get(KEEP)
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def read_before(annotation: str) -> dict[str, Any]:
    """What `before_cutover` wrote. Raises ValueError for anything else."""
    found = json.loads(annotation)
    if not isinstance(found, dict) or not isinstance(found.get("ports"), list):
        raise ValueError("it has no ports")
    return found


def way_back(service: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch that leads the Service where it led, and takes away what Reef wrote into it."""
    meta, now = service["metadata"], service["spec"].get("selector") or {}
    selector = {**dict.fromkeys(now), **(before.get("selector") or {})}
    ours = dict.fromkeys((labels.MADE_FROM, labels.BEFORE_CUTOVER))
    metadata: dict[str, Any] = {"annotations": {**ours, KEEP: before.get(KEEP)}}
    if made_by_reef(service):
        metadata["labels"] = dict.fromkeys(_OURS)
        owners = meta.get("ownerReferences") or ()
        metadata["ownerReferences"] = [each for each in owners if each.get("kind") != "CodeLocation"]
    return {"metadata": metadata, "spec": {"selector": selector, "ports": before["ports"]}}


def given_back(service: Mapping[str, Any], gateway_labels: Mapping[str, str]) -> dict[str, Any] | None:
    """The way back of one whose CodeLocation is gone; None where it leads elsewhere already, is Reef's own, or does not
    say where it led."""
    meta = service["metadata"]
    text = (meta.get("annotations") or {}).get(labels.BEFORE_CUTOVER)
    leads_here = (service["spec"].get("selector") or {}) == dict(gateway_labels)
    if not text or not leads_here or made_by_reef(service):
        return None
    try:
        return way_back(service, read_before(text))
    except ValueError:
        return None


def is_back(service: Mapping[str, Any], before: Mapping[str, Any]) -> bool:
    """Whether it leads where it led."""
    spec = service["spec"]
    return all((spec.get(name) or None) == (before.get(name) or None) for name in _SAVED)
