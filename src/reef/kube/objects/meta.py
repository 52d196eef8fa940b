"""Metadata of objects, and the digest of what one is made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from reef.kube import labels
from reef.kube.group import API_VERSION, KIND
from reef.kube.objects.released import Owner


def metadata(
    name: str,
    namespace: str,
    component: str,
    *,
    label: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owners: tuple[Owner, ...] = (),
) -> dict[str, Any]:
    """Of an object that Reef made. `label` are more labels."""
    found: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "labels": {labels.PART_OF: "reef", labels.COMPONENT: component, **(label or {})},
    }
    if annotations:
        found["annotations"] = dict(annotations)
    if owners:
        found["ownerReferences"] = [_reference(each, number == 0) for number, each in enumerate(owners)]
    return found


def location_owner(name: str, uid: str) -> Owner:
    """A CodeLocation as an owner."""
    return Owner(API_VERSION, KIND, name, uid)


def digest(value: object) -> str:
    """Sixteen characters, equal for equal plain data."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _reference(owner: Owner, first: bool) -> dict[str, Any]:
    return {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.name,
        "uid": owner.uid,
        "controller": first,
        "blockOwnerDeletion": False,
    }
