"""What happens next with a location that somebody wants to wake or to let sleep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reef.decide.placements.wish import Placement
from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import DeploymentSeen, PodSeen

NEEDED = "not idle: a gateway has calls for it"


@dataclass(frozen=True)
class ErrandSeen:
    """One location: `pod` is that of the pack it is served from, `deployment` its own, `stuck` why it does not run."""

    placement: Placement | None
    pod: PodSeen | None = None
    deployment: DeploymentSeen | None = None
    paused: bool = False
    stuck: str | None = None


@dataclass(frozen=True)
class Answer:
    """It is done, or cannot be."""

    state: str
    note: str = ""


@dataclass(frozen=True)
class AskHost:
    """Its pack's host does it."""

    pod: PodSeen


@dataclass(frozen=True)
class ScaleUp:
    deployment: str


@dataclass(frozen=True)
class ScaleDown:
    """Scale it to 0, where no gateway needs it."""

    deployment: str


def errand(verb: Literal["wake", "sleep"], seen: ErrandSeen) -> Answer | AskHost | ScaleUp | ScaleDown | None:
    """One step; None while something is waited for."""
    if seen.placement == "external":
        return Answer("external", "its server is somebody else's")
    if seen.stuck:
        return Answer("failed", seen.stuck)
    if seen.deployment is not None:
        return _own(verb, seen, seen.deployment)
    if seen.pod is not None and seen.pod.ip and seen.pod.is_ready(HOST_CONTAINER):
        return AskHost(seen.pod)
    return Answer("failed", "no version of it is served") if seen.placement is None else None


def _own(
    verb: Literal["wake", "sleep"], seen: ErrandSeen, there: DeploymentSeen
) -> Answer | ScaleUp | ScaleDown | None:
    if verb == "wake":
        if there.available:
            return Answer("warm")
        return None if there.wanted else ScaleUp(there.name)
    if seen.placement == "standing":
        return Answer("warm", "its placement is standing: it never sleeps")
    if not there.wanted:
        return Answer("asleep")
    if seen.paused:
        return Answer("warm", "it is paused, and left as it is")
    return ScaleDown(there.name)
