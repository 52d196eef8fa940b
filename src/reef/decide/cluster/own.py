"""What happens next with Deployments of locations that have a pod of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from reef.kube import labels
from reef.kube.seen.state import ContainerSeen, DeploymentSeen, PodSeen

LINGER_S = 10.0
STARTS_S = 120.0  # a pod that does not run is no longer waited for


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
    `asleep`: on-demand Deployments whose pod may go (`sleeping`). `left` as in `packs`. `on_lost`: location ->
    lost nodes on which it has a pod (`on_lost_nodes`)."""

    deployments: Mapping[str, DeploymentSeen] = field(default_factory=dict)
    serving: Mapping[str, str] = field(default_factory=dict)
    busy: frozenset[str] = frozenset()
    left: Mapping[str, float] = field(default_factory=dict)
    on_lost: Mapping[str, frozenset[str]] = field(default_factory=dict)


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


def stuck_pods(
    wanted: Sequence[OwnWanted], seen: OwnSeen, pods: Sequence[PodSeen], now: float
) -> dict[str, str]:
    """Locations whose newest pod does not run though it was waited for, and why; `pods` may be those of others too. A
    pod that loads its code runs."""
    found = {}
    for each in wanted:
        there = seen.deployments.get(each.deployment)
        if there is None or there.made_from != each.made_from:
            continue
        pod = _newest(each.location, there.version, pods)
        if pod is not None and now - pod.created >= STARTS_S and (one := _not_running(pod)) is not None:
            why = one.message or one.reason or "it has not started"
            found[each.location] = f"Its container {one.name} in {pod.name} does not run: {why}."
    return found


def _newest(location: str, version: str, pods: Sequence[PodSeen]) -> PodSeen | None:
    """None where a pod of that version is ready: nobody waits for another one."""
    mine = [
        each
        for each in pods
        if each.labels.get(labels.COMPONENT) == "location"
        and (each.labels.get(labels.LOCATION), each.labels.get(labels.VERSION)) == (location, version)
        and not each.deleting
    ]
    if any(each.containers and all(one.ready for one in each.containers.values()) for each in mine):
        return None
    return max(mine, key=lambda each: (each.created, each.name), default=None)


def _not_running(pod: PodSeen) -> ContainerSeen | None:
    """None without a node, too: what has no room is told as that."""
    if pod.unschedulable is not None:
        return None
    inits = [one for one in pod.init.values() if one.state == "waiting" and one.reason != "PodInitializing"]
    return next(iter([*inits, *(one for one in pod.containers.values() if one.state != "running")]), None)


def _one(wanted: OwnWanted, seen: OwnSeen) -> Iterator[Action]:
    there = seen.deployments.get(wanted.deployment)
    standing = wanted.placement == "standing"
    if there is None:
        yield ApplyDeployment(wanted.location, wanted.deployment, wanted.replicas if standing else 0)
    elif there.made_from != wanted.made_from or (standing and there.wanted != wanted.replicas):
        yield ApplyDeployment(wanted.location, wanted.deployment, wanted.replicas if standing else None)
    elif seen.serving.get(wanted.location) != wanted.deployment and running(wanted, seen):
        yield Serve(wanted.location, wanted.deployment)
    elif seen.on_lost.get(wanted.location, frozenset()) - there.avoids:
        yield ApplyDeployment(wanted.location, wanted.deployment, wanted.replicas if standing else None)


def on_lost_nodes(pods: Sequence[PodSeen], lost: frozenset[str]) -> dict[str, frozenset[str]]:
    """Location -> lost nodes on which a pod of its own has run; `pods` may be those of others too."""
    found: dict[str, frozenset[str]] = {}
    for pod in pods:
        is_own = pod.labels.get(labels.COMPONENT) == "location" and not pod.deleting
        if is_own and pod.ip and pod.node in lost:
            name = pod.labels.get(labels.LOCATION, "")
            found[name] = found.get(name, frozenset()) | {pod.node}
    return found


def _goodbyes(keep: set[str], seen: OwnSeen, now: float) -> Iterator[Action]:
    served_from = {*seen.serving.values()}
    for name in sorted(seen.deployments):
        if name in keep or name in served_from or name in seen.busy:
            continue
        if now - seen.left.get(name, 0.0) >= LINGER_S:
            yield DeleteDeployment(name)
