"""Names of what is inside a pod, and of the objects of a location."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from reef.kube import labels

_LONGEST = 63
_TAKEN = (labels.HOST_CONTAINER, "reef-guest")


def deployment_name(location: str) -> str:
    """Of the Deployment of a location with a pod of its own. The chart's has another."""
    return f"reef-{location}"


def probe_name(location: str, version: str) -> str:
    """Of the pod that tries a version."""
    return shortened(f"reef-probe-{location}", version[:8])


def volume_name(container: str, volume: str) -> str:
    """Of a location's volume in a pack."""
    whole = f"{container}-{volume}"
    if len(whole) <= _LONGEST:
        return whole
    return shortened(whole, hashlib.sha256(f"{container}/{volume}".encode()).hexdigest()[:8])


def shortened(name: str, end: str) -> str:
    """`NAME-END`, as a DNS label."""
    return f"{name[: _LONGEST - len(end) - 1].rstrip('-')}-{end}"


def container_names(
    groups: Iterable[tuple[str, ...]], before: Mapping[str, str]
) -> dict[tuple[str, ...], str]:
    """A name for the container of each group of locations, that of its first location by default.

    `before` says in which container a location is: a group keeps the name, so that one more location beside others
    changes no pod.
    """
    found: dict[tuple[str, ...], str] = {}
    waiting = list(groups)
    for group in waiting:
        kept = next((before[name] for name in group if name in before), None)
        if kept is not None and kept not in found.values():
            found[group] = kept
    for group in waiting:
        if group not in found:
            found[group] = _free(group, {*found.values(), *_TAKEN})
    return found


def _free(group: tuple[str, ...], taken: set[str]) -> str:
    for name in group:
        if name not in taken:
            return name
    number = 2
    while shortened(group[0], str(number)) in taken:
        number += 1
    return shortened(group[0], str(number))
