"""What a leader works with, what it keeps from one look to the next, and what one look has seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reef.cluster.client import Client
from reef.controller.asked import Asked
from reef.controller.book import Books
from reef.controller.clearing import Clearing
from reef.controller.doing import Doing
from reef.controller.errands import Errands
from reef.controller.hosts import Hosts
from reef.controller.known import Known
from reef.controller.library import Library
from reef.controller.members import Members
from reef.controller.moving import Moving
from reef.controller.nodes import Nodes
from reef.controller.resting import Resting
from reef.controller.settings import Settings
from reef.controller.statuses import Statuses
from reef.controller.versions import Rules
from reef.controller.watched import Watched
from reef.controller.workspace import Workspace
from reef.decide.cluster.pack_steps import PackChange
from reef.decide.cluster.ports import Ports
from reef.decide.cluster.rolling import Rollout
from reef.decide.cluster.verdicts import Tried
from reef.kube.seen.state import DeploymentSeen, PodSeen, ReplicaSetSeen


@dataclass
class Memory:
    """What is kept between two looks. A new leader begins without: that costs patience, nothing else."""

    tried: dict[str, Tried] = field(default_factory=dict)
    changes: Mapping[str, PackChange] = field(default_factory=dict)
    rollout: Rollout | None = None
    ports: Ports = field(default_factory=Ports)
    served_from: dict[str, str] = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)
    stuck: Mapping[tuple[str, str], str] = field(default_factory=dict)  # as `stuck_versions` has it


@dataclass(frozen=True)
class Parts:
    """What a leader works with."""

    settings: Settings
    client: Client
    watched: Watched
    books: Books
    library: Library
    hosts: Hosts
    members: Members
    statuses: Statuses
    workspace: Workspace
    resting: Resting
    clearing: Clearing
    doing: Doing
    moving: Moving
    nodes: Nodes
    errands: Errands
    rules: Rules


@dataclass(frozen=True)
class Look:
    """What one look has seen."""

    now: float
    known: Sequence[Known]
    trouble: Mapping[str, tuple[str, str]]
    fleet: Sequence[Asked]
    pods: Sequence[PodSeen]
    sets: Sequence[ReplicaSetSeen]
    deployments: Mapping[str, DeploymentSeen]
