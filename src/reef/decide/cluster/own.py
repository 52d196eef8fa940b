"""What happens next with Deployments of locations that have a pod of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reef.kube.seen.state import DeploymentSeen

LINGER_S = 10.0


@dataclass(frozen=True)
class OwnWanted:
    """A location that runs in a pod of its own: `made_from` is the annotation of what `own_deployment` makes."""

    location: str
    deployment: str
    made_from: str
    placement: Literal["standing", "on_demand"]
    replicas: int = 1  # of a standing one


@dataclass(frozen=True)
class OwnSeen:
    """`serving`: location -> the Deployment that it is served from. `busy`: Deployments with calls or runs under way.
    `asleep`: on-demand Deployments whose pod may go (`sleeping`). `left` as in `packs`."""

    deployments: Mapping[str, DeploymentSeen] = field(default_factory=dict)
    serving: Mapping[str, str] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()
    left: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class ApplyDeployment:
    """Make or change it. `replicas` is None where it is not to be touched."""

    location: str
    deployment: str
    replicas: int | None


@dataclass(frozen=True)
class Serve:
    """Serve the location from its Deployment; as `packs.Switch`."""

    location: str
    deployment: str


@dataclass(frozen=True)
class DeleteDeployment:
    deployment: str


Action = ApplyDeployment | Serve | DeleteDeployment


def own(wanted: Sequence[OwnWanted], seen: OwnSeen, now: float) -> tuple[Action, ...]:
    """All that can be done now."""
    found = [action for each in wanted for action in _one(each, seen)]
    keep = {each.deployment for each in wanted}
    return (*found, *_goodbyes(keep, seen, now))


def running(wanted: OwnWanted, seen: OwnSeen) -> bool:
    """Whether the location can be promoted: its Deployment has what is wanted, and pods of a standing one run it."""
    there = seen.deployments.get(wanted.deployment)
    if there is None or there.made_from != wanted.made_from:
        return False
    return wanted.placement == "on_demand" or (there.settled and there.available > 0)


def _one(wanted: OwnWanted, seen: OwnSeen) -> Iterator[Action]:
    there = seen.deployments.get(wanted.deployment)
    standing = wanted.placement == "standing"
    if there is None:
        yield ApplyDeployment(wanted.location, wanted.deployment, wanted.replicas if standing else 0)
    elif there.made_from != wanted.made_from or (standing and there.wanted != wanted.replicas):
        yield ApplyDeployment(wanted.location, wanted.deployment, wanted.replicas if standing else None)
    elif seen.serving.get(wanted.location) != wanted.deployment and running(wanted, seen):
        yield Serve(wanted.location, wanted.deployment)


def _goodbyes(keep: set[str], seen: OwnSeen, now: float) -> Iterator[Action]:
    served_from = {*seen.serving.values()}
    for name in sorted(seen.deployments):
        if name in keep or name in served_from or name in seen.busy:
            continue
        if now - seen.left.get(name, 0.0) >= LINGER_S:
            yield DeleteDeployment(name)
