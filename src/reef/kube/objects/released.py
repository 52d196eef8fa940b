"""One version of a location, as it is to run; and the containers and packs of such."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reef.kube.model import CodeLocation


@dataclass(frozen=True)
class Owner:
    """An object that others belong to: they go when it goes."""

    api_version: str
    kind: str
    name: str
    uid: str


@dataclass(frozen=True)
class Released:
    """`location` has what its version fixes (`versions.as_released`); `image` is what to run, with its digest where
    one is known."""

    location: CodeLocation
    version: str
    image: str

    @property
    def name(self) -> str:
        """The object's name."""
        return self.location.name


@dataclass(frozen=True)
class PackedContainer:
    """Locations whose image and settings are the same. `name` is a DNS label."""

    name: str
    members: tuple[Released, ...]

    @property
    def first(self) -> Released:
        """One of them: what their container is made from is the same for all."""
        return self.members[0]


@dataclass(frozen=True)
class PackPlan:
    """One pod with many locations, all of one pack key. Containers stand in the order in which kubelet starts them:
    what is new or fails comes last. `number` tells the ReplicaSets of a pack apart."""

    pack: str
    number: int
    namespace: str
    containers: tuple[PackedContainer, ...]

    @property
    def name(self) -> str:
        """Of the ReplicaSet, and of the ConfigMap beside it."""
        return f"{self.pack}-{self.number}"


@dataclass(frozen=True)
class ReefPods:
    """Reef's own containers in the pods that it makes: their image, and what they may mount."""

    image: str
    pull_policy: str | None = None
    pull_secrets: tuple[str, ...] = ()
    tls_secret: str = "reef-pack-tls"  # noqa: S105 - its name
    node_lost_s: int = 10  # so soon a pod on a node that is gone is replaced
    resources: Mapping[str, Any] | None = None  # of the pack host; None: Reef's own choice
    json_logs: bool = False
