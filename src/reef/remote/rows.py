"""What there is to say of a CodeLocation, as one flat object for programs. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reef.cluster.kinds import Document
from reef.kube import labels
from reef.kube.objects.adopted import made_by_reef
from reef.kube.objects.owners import made_by
from reef.kube.seen.reading import seconds
from reef.remote.places import Place

Row = dict[str, Any]


def row(location: Document, place: Place, service: Document | None, now: float) -> Row:
    """`service` is the Service of its name."""
    meta, spec, status = location["metadata"], location["spec"], location.get("status") or {}
    ready = condition(status, "Ready")
    serving, image = status.get("serving") or {}, status.get("image") or {}
    chosen = status.get("placement") or {}
    created = seconds(meta.get("creationTimestamp"))
    return {
        "name": meta["name"],
        "namespace": meta.get("namespace"),
        "location_name": spec.get("location_name") or meta["name"],
        "owner": spec.get("owner"),
        "placement": chosen.get("chosen"),
        "placement_reason": chosen.get("reason"),
        "version": status.get("version"),
        "pinned": status.get("pinned"),
        "phase": phase(location),
        "ready": {"True": True, "False": False}.get(ready.get("status", "")),
        "reason": ready.get("reason"),
        "message": message(status),
        "pack": serving.get("pack"),
        "deployment": serving.get("deployment"),
        "target": serving.get("target"),
        "pod": place.pod,
        "container": place.container or None,
        "node": place.node,
        "no_pod": place.why or None,
        "image": image.get("requested") or spec.get("image"),
        "digest": image.get("digest"),
        "address": status.get("address"),
        "service": whose(location, service),
        "paused": notes(location).get(labels.PAUSED) == "true",
        "age_s": None if created is None else max(0.0, now - created),
        "conditions": status.get("conditions") or [],
        "history": status.get("history") or [],
    }


def phase(location: Document) -> str:
    """`unseen` where the controller has not looked at it as it is now."""
    status = location.get("status") or {}
    if status.get("observedGeneration") != location["metadata"].get("generation"):
        return "unseen"
    return str(status.get("phase", "unseen"))


def is_settled(location: Document) -> bool:
    """Whether the controller has seen it, and is done with it."""
    return phase(location) not in ("unseen", "under_way", "waiting")


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """One of its conditions; empty where it is not said."""
    return next((each for each in status.get("conditions") or () if each["type"] == kind), {})


def message(status: Mapping[str, Any]) -> str:
    """The condition that says most about what happens now."""
    for kind in ("Stalled", "Degraded", "Reconciling"):
        if (found := condition(status, kind)).get("status") == "True":
            return str(found.get("message", ""))
    return str(condition(status, "Ready").get("message", ""))


def whose(location: Document, service: Document | None) -> str | None:
    """Whose its Service is: `reef`, `cutover` for one that Reef has taken over, else in words; None: there is none."""
    if service is None:
        return None
    if made_by_reef(service):
        return "reef"
    return "cutover" if notes(location).get(labels.CUTOVER) == "true" else str(made_by(service))


def notes(document: Document) -> Mapping[str, str]:
    """Its annotations."""
    return document["metadata"].get("annotations") or {}
