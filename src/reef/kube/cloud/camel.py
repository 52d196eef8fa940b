"""Dagster's container context writes Kubernetes' objects in either case; Kubernetes knows one. Pure."""

from __future__ import annotations

import re
from typing import Any

# Below these the keys are somebody's own words.
_OWN_WORDS = (
    "labels",
    "annotations",
    "matchLabels",
    "nodeSelector",
    "limits",
    "requests",
    "volumeAttributes",
)


def camel(value: Any) -> Any:
    """An object with `mount_path` and the like as `mountPath`."""
    if isinstance(value, list):
        return [camel(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {}
    for key, each in value.items():
        name = camel_name(str(key))
        if each is not None:
            found[name] = dict(each) if name in _OWN_WORDS and isinstance(each, dict) else camel(each)
    return found


def camel_name(name: str) -> str:
    """`mount_path` -> `mountPath`."""
    return re.sub(r"_([a-z0-9])", lambda found: found[1].upper(), name)
