"""The status of a CodeLocation: what is true of it, in the conditions that kubectl, Flux and Argo CD understand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from reef.kube.model.status import CONDITIONS, MOST_HISTORY

Phase = Literal["served", "under_way", "waiting", "refused", "conflict", "impossible", "paused"]
_LONGEST = 1024
_MORE = "… (`reef status` has all of it)"


@dataclass(frozen=True)
class Serving:
    """Where gateways find its server: one of the last three, or none of them yet."""

    gateway_port: int
    pack: str | None = None
    deployment: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class Promoted:
    """One entry of its history; `at` is a time as Kubernetes writes it. `kept`: a rollback can bring it back."""

    at: str
    version: str
    image: str
    why: str
    kept: bool


@dataclass(frozen=True)
class StatusSeen:
    """What there is to say. `phase`, `reason` and `message` are those of `decide.cluster.releasing.Release`; `conflict`
    (another has its name), `impossible` (no placement keeps what it asks for) and `paused` come before it.
    `comes_back`: Reef goes on by itself. `version` is what is served, `digest` that of its image. `room` is said where
    its pod has no room, `not_running` where it has a pod and does not run in it. `history` has the newest first;
    `pinned` is the version of a rollback that holds."""

    generation: int
    phase: Phase
    reason: str
    message: str
    comes_back: bool = False
    version: str | None = None
    image: str | None = None
    digest: str | None = None
    placement: str | None = None
    placement_why: str = ""
    serving: Serving | None = None
    address: str | None = None
    room: str | None = None
    not_running: str | None = None
    history: tuple[Promoted, ...] = ()
    pinned: str | None = None


def status(seen: StatusSeen, before: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    """The whole status, for server-side apply; equal to `before` where nothing has changed, so that nothing is written.

    `now` is a time as Kubernetes writes it: of a condition whose status changes.
    """
    found: dict[str, Any] = {"observedGeneration": seen.generation, "phase": seen.phase}
    if seen.version:
        found["version"] = seen.version
    if seen.pinned:
        found["pinned"] = seen.pinned
    if seen.image and seen.digest:
        found["image"] = {"requested": seen.image, "digest": seen.digest}
    if seen.placement:
        found["placement"] = {"chosen": seen.placement, "reason": seen.placement_why}
    if seen.serving:
        found["serving"] = _serving(seen.serving)
    if seen.address:
        found["address"] = seen.address
    if seen.history:
        found["history"] = [asdict(each) for each in seen.history[:MOST_HISTORY]]
    earlier = {each["type"]: each for each in (before or {}).get("conditions") or ()}
    found["conditions"] = [_condition(kind, seen, earlier.get(kind), now) for kind in CONDITIONS]
    return found


def _serving(serving: Serving) -> dict[str, Any]:
    places = {"pack": serving.pack, "deployment": serving.deployment, "target": serving.target}
    return {"gatewayPort": serving.gateway_port, **{name: each for name, each in places.items() if each}}


def _condition(kind: str, seen: StatusSeen, before: Mapping[str, Any] | None, now: str) -> dict[str, Any]:
    holds, reason, message = _SAYS[kind](seen)
    value = "True" if holds else "False"
    same = before is not None and before.get("status") == value
    return {
        "type": kind,
        "status": value,
        "reason": reason,
        "message": message if len(message) <= _LONGEST else message[: _LONGEST - len(_MORE)] + _MORE,
        "lastTransitionTime": before["lastTransitionTime"] if same and before else now,
        "observedGeneration": seen.generation,
    }


Said = tuple[bool, str, str]


def _ready(seen: StatusSeen) -> Said:
    """Somebody who asks for it gets an answer, if only that of an older version."""
    if seen.phase == "conflict":
        return False, seen.reason, seen.message
    if seen.version is None:
        return False, seen.reason, seen.message
    if seen.not_running:
        return False, "NotRunning", f"{seen.message} Its recorded answers are given. {seen.not_running}"
    if seen.phase == "served":
        return True, "Served", seen.message
    if seen.phase == "paused":
        return True, "Paused", f"Version {seen.version} is served. {seen.message}"
    return True, "OlderVersionServed", f"Version {seen.version} is served. {seen.message}"


def _reconciling(seen: StatusSeen) -> Said:
    if seen.room:
        return True, "NoRoom", f"No node has room for its pod: {seen.room}"
    if seen.not_running:
        return True, "NotRunning", seen.not_running
    under_way = seen.phase in ("under_way", "waiting") or (seen.phase == "refused" and seen.comes_back)
    return (True, seen.reason, seen.message) if under_way else (False, "Settled", "Nothing is under way.")


def _stalled(seen: StatusSeen) -> Said:
    stuck = seen.phase in ("conflict", "impossible") or (seen.phase == "refused" and not seen.comes_back)
    return (True, seen.reason, seen.message) if stuck else (False, "Goes", "It needs nothing of you.")


def _degraded(seen: StatusSeen) -> Said:
    if seen.version is not None and seen.phase in ("refused", "impossible"):
        return True, seen.reason, f"Version {seen.version} is served instead. {seen.message}"
    return False, "AsAsked", "No older version is served for want of a newer one."


_SAYS = {"Ready": _ready, "Reconciling": _reconciling, "Stalled": _stalled, "Degraded": _degraded}
