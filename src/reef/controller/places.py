"""Where the released versions of locations run: their placements, and the pods that follow. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from reef.controller.asked import Asked
from reef.controller.wishes import wish_of
from reef.decide.cluster.own import OwnWanted
from reef.decide.cluster.pack_steps import PackChange, PackWanted, changing
from reef.decide.placements.fleets import Placed, Seen, placed
from reef.decide.placements.packing import Pack, is_in_pack
from reef.decide.placements.wish import Placement, Wish
from reef.kube import labels
from reef.kube.objects.contents import read
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.names import container_names, deployment_name
from reef.kube.objects.released import PackedContainer, PackPlan, ReefPods, Released
from reef.kube.objects.replica_set import pack_replica_set
from reef.kube.seen.state import Content, ReplicaSetSeen

PLACEMENTS: tuple[Placement, ...] = ("packed", "on_demand", "standing", "external")


@dataclass(frozen=True)
class Running:
    """A location and the version that its place is to run."""

    asked: Asked
    released: Released


@dataclass(frozen=True)
class Places:
    """All that is wanted. `plans`: pack -> its plan, with the number of the newest ReplicaSet."""

    placed: Placed
    packs: tuple[PackWanted, ...]
    plans: Mapping[str, PackPlan]
    own: tuple[OwnWanted, ...]
    changes: Mapping[str, PackChange]
    running: Mapping[str, Running] = field(default_factory=dict)


def places(
    running: Sequence[Running],
    sets: Sequence[ReplicaSetSeen],
    serving: Mapping[str, str],
    before: Mapping[str, PackChange],
    namespace: str,
    reef: ReefPods,
    share: bool,
    now: float,
) -> Places:
    """`serving`: location -> the ReplicaSet or Deployment that it is served from."""
    by_name = {each.asked.name: each for each in running}
    newest = _newest(sets)
    found = placed(
        [_wish(each, serving.get(each.asked.name)) for each in running],
        share,
        _seen(running, newest, serving),
    )
    plans = {pack.name: _plan(pack, by_name, newest.get(pack.name), namespace) for pack in found.packs}
    wanted, changes = [], {}
    for name, plan in plans.items():
        made_from, contents = made(plan, reef)
        there = newest.get(name)
        done = there is not None and (there.made_from, there.contents) == (made_from, contents)
        told = _digest(made_from, contents)
        change = changes[name] = changing(before.get(name), told, done, now)
        wanted.append(
            PackWanted(
                name, made_from, contents, change.since, change.first if change.first is not None else now
            )
        )
    own = [_own(by_name[name], each.placement, namespace, reef) for name, each in found.chosen.items()]
    return Places(found, tuple(wanted), plans, tuple(each for each in own if each), changes, by_name)


def made(plan: PackPlan, reef: ReefPods) -> tuple[str, Mapping[str, Content]]:
    """What the annotations of its ReplicaSet would say."""
    document = pack_replica_set(plan, reef)
    notes = document["metadata"]["annotations"]
    inside = document["spec"]["template"]["spec"]["containers"]
    images = {each["name"]: each["image"] for each in inside}
    return notes[labels.MADE_FROM], read(notes[labels.CONTENTS], images)


def _wish(each: Running, place: str | None) -> Wish:
    kept = each.asked.book.kept.get(each.released.version)
    found = wish_of(
        each.released.location,
        each.asked.name,
        opens_port=bool(kept and kept.listening),
        memory_bytes=(kept.private_bytes or 0) if kept else 0,
    )
    return replace(found, paused_in=_stays(each, place)) if each.asked.known.paused else found


def _stays(each: Running, place: str | None) -> Placement | None:
    """The placement of `place`, from which it is served: what was chosen may be another one, not yet reached."""
    chosen = _where(each)
    if place is None:
        return chosen
    if is_in_pack(place):
        return "packed"
    return chosen if chosen in ("standing", "on_demand") else "on_demand"


def _where(each: Running) -> Placement | None:
    """As its status says it."""
    said = (each.asked.known.status.get("placement") or {}).get("chosen")
    return next((known for known in PLACEMENTS if known == said), None)


def _seen(
    running: Sequence[Running], newest: Mapping[str, ReplicaSetSeen], serving: Mapping[str, str]
) -> Seen:
    costs, where = {}, dict[str, Placement]()
    for each in running:
        kept = each.asked.book.kept.get(each.released.version)
        if kept:
            costs[each.asked.name] = kept.costs()
        if (there := _where(each)) is not None:
            where[each.asked.name] = there
    names = {there.name: pack for pack, there in newest.items()}
    already = {name: names.get(place, place.rpartition("-")[0]) for name, place in serving.items()}
    return Seen(costs, where, already)


def _newest(sets: Sequence[ReplicaSetSeen]) -> dict[str, ReplicaSetSeen]:
    found: dict[str, ReplicaSetSeen] = {}
    for each in sorted(sets, key=lambda each: each.number):
        if not each.deleting:
            found[each.pack] = each
    return found


def _plan(
    pack: Pack, running: Mapping[str, Running], there: ReplicaSetSeen | None, namespace: str
) -> PackPlan:
    before: dict[str, str] = {}
    for container, content in (there.contents if there else {}).items():
        before.update(dict.fromkeys(content.locations, container))
    names = container_names([each.locations for each in pack.containers], before)
    containers = [
        PackedContainer(names[each.locations], tuple(running[name].released for name in each.locations))
        for each in pack.containers
    ]
    return PackPlan(pack.name, there.number if there else 1, namespace, tuple(containers))


def ordered(plan: PackPlan, number: int, order: Sequence[str]) -> PackPlan:
    """The same pack as another ReplicaSet, its containers in that order."""
    rank = {name: place for place, name in enumerate(order)}
    containers = sorted(plan.containers, key=lambda each: rank.get(each.name, len(rank)))
    return PackPlan(plan.pack, number, plan.namespace, tuple(containers))


def _own(each: Running, placement: Placement | None, namespace: str, reef: ReefPods) -> OwnWanted | None:
    if placement not in ("standing", "on_demand"):
        return None
    document = own_deployment(each.released, namespace, each.asked.known.uid, reef, None)
    notes = document["metadata"]["annotations"]
    replicas = each.asked.location.spec.replicas or 1
    name = each.asked.name
    return OwnWanted(name, deployment_name(name), notes[labels.MADE_FROM], placement, replicas)


def stuck_versions(wanted: Places, stuck: Mapping[str, str]) -> Mapping[tuple[str, str], str]:
    """Location and version -> why it does not run: what is said of one version must not keep the next from running."""
    return {(name, wanted.running[name].released.version): why for name, why in stuck.items()}


def given_up(fleet: Sequence[Asked], wanted: Places, serving: Mapping[str, str]) -> tuple[str, ...]:
    """Locations that came to a place for a version that was never served, and is not promoted any more: no calls go
    there, so it need not stay for them."""
    return tuple(
        each.name
        for each in fleet
        if each.name in serving and each.name not in wanted.running and not each.book.answers
    )


def _digest(made_from: str, contents: Mapping[str, Content]) -> str:
    parts: list[Any] = [made_from]
    parts += [f"{name}={each.image}{sorted(each.members.items())}" for name, each in sorted(contents.items())]
    return "\n".join(parts)
