"""Objects of a cluster as decisions see them. Times are unix seconds. Nothing here imports anything of Reef."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["waiting", "running", "terminated"]
PodPhase = Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]


@dataclass(frozen=True)
class ContainerSeen:
    """One container of a pod. `image` is what the pod asks for, `image_id` what runs. `reason` and `message` are
    kubelet's, `exit_code` that of a terminated one. `since` is when it came into that state, where that is told."""

    name: str
    image: str = ""
    image_id: str = ""
    state: State = "waiting"
    ready: bool = False
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    restarts: int = 0
    since: float | None = None

    @property
    def was_started(self) -> bool:
        """Whether it ran at least once in this pod."""
        return self.state != "waiting" or self.restarts > 0 or self.exit_code is not None

    @property
    def running(self) -> bool:
        """Whether what the pod asks for runs; after a changed image the old one still does for a moment."""
        _, at, digest = self.image.partition("@")
        replaced = bool(at) and "@" in self.image_id and not self.image_id.endswith(digest)
        return self.state == "running" and not replaced


@dataclass(frozen=True)
class PodSeen:
    """One pod. `reason` and `message` say why it failed; `unschedulable` is the scheduler's sentence where it finds no
    node, since `unschedulable_since`. `labels` are the pod's, `uid` is "" where it is not known."""

    name: str
    created: float
    phase: PodPhase = "Pending"
    node: str | None = None
    ip: str | None = None
    deleting: bool = False
    reason: str = ""
    message: str = ""
    unschedulable: str | None = None
    unschedulable_since: float | None = None
    containers: Mapping[str, ContainerSeen] = field(default_factory=dict)
    init: Mapping[str, ContainerSeen] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, int] = field(default_factory=dict)  # as the annotation REPLACED says
    uid: str = ""

    def has_running(self, container: str) -> bool:
        """Whether that container runs what the pod asks for."""
        found = self.containers.get(container)
        if found is None or found.restarts <= self.replaced.get(container, -1):
            return False
        return found.running

    def is_ready(self, container: str) -> bool:
        """Whether that container says that it is ready."""
        return container in self.containers and self.containers[container].ready


@dataclass(frozen=True)
class Content:
    """One container of a pack: a digest of its settings, its image, and the locations in it, each with a digest of what
    the pack's host is told of it."""

    settings: str
    image: str
    members: Mapping[str, str]

    @property
    def locations(self) -> tuple[str, ...]:
        """By name."""
        return tuple(sorted(self.members))


@dataclass(frozen=True)
class ReplicaSetSeen:
    """The ReplicaSet of a pack, and its pod: the newest that is not being deleted."""

    name: str
    created: float
    made_from: str
    contents: Mapping[str, Content]
    deleting: bool = False
    pod: PodSeen | None = None

    @property
    def pack(self) -> str:
        """The pack's name."""
        return self.name.rpartition("-")[0]

    @property
    def number(self) -> int:
        """Which of the pack's ReplicaSets it is; 0 for a name that is not of that form."""
        end = self.name.rpartition("-")[2]
        return int(end) if end.isdecimal() else 0

    def container_of(self, location: str) -> str | None:
        """The container of a location in it."""
        return next((name for name, each in self.contents.items() if location in each.locations), None)


@dataclass(frozen=True)
class DeploymentSeen:
    """A Deployment. `available` pods of the newest template are `updated`. `avoids`: nodes that its pods keep off."""

    name: str
    generation: int
    observed_generation: int
    wanted: int
    updated: int = 0
    available: int = 0
    made_from: str = ""
    version: str = ""
    message: str = ""
    avoids: frozenset[str] = frozenset()

    @property
    def settled(self) -> bool:
        """Whether only pods of the newest template run, and all of them are available."""
        return self.observed_generation >= self.generation and self.updated >= self.wanted <= self.available
