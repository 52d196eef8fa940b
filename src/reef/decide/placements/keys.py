"""Which locations may share a pack, and which of them a container."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from reef.decide.placements.judging import judged
from reef.decide.placements.wish import Wish

_SAME_AS = {"pod.serviceAccount": "pod.serviceAccountName"}  # an old name of Kubernetes'
_IN_ANY_ORDER = frozenset(
    f"pod.{name}"
    for name in (
        "imagePullSecrets",
        "securityContext.supplementalGroups",
        "securityContext.sysctls",
        "tolerations",
        "topologySpreadConstraints",
    )
)
_OF_THE_CONTAINER = ("volumes", "securityContext")  # parts of the pod that a pack gives to one container


@dataclass(frozen=True)
class PackKey:
    """Locations with equal keys may share a pack. `fields` are the paths that count and their values as JSON."""

    namespace: str | None
    owner: str | None
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def digest(self) -> str:
        """Eight characters for a name."""
        return _digest([self.namespace, self.owner, self.fields])[:8]

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        fields = {path: json.loads(value) for path, value in self.fields}
        return {"namespace": self.namespace, "owner": self.owner, "fields": fields}


def pack_key(wish: Wish, share: bool) -> PackKey:
    """`share`: whether the fleet allows locations of several owners in one pack."""
    fields: dict[str, str] = {}
    for each in judged(wish.document):
        if each.verdict == "key":
            fields[_SAME_AS.get(each.path, each.path)] = _canonical(_sorted(each.path, each.value))
    return PackKey(wish.namespace, None if share else wish.owner, tuple(sorted(fields.items())))


def container_of(wish: Wish) -> str:
    """Equal for locations of one pack that may share a container: the image and all settings of it are the same."""
    pod: Mapping[str, object] = wish.document.get("pod", {})
    own = {name: pod[name] for name in _OF_THE_CONTAINER if name in pod}
    return _digest([wish.document.get("container", {}), own, wish.beside])


def _sorted(path: str, value: object) -> object:
    return sorted(value, key=_canonical) if path in _IN_ANY_ORDER and isinstance(value, list) else value


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()
