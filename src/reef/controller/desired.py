"""Where every location of a namespace shall run: from versions and placements to packs and Deployments. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reef.controller.wishes import wish_of
from reef.decide.cluster.own import OwnWanted
from reef.decide.cluster.packs import Change, PackWanted, changing
from reef.decide.placements.calls import PRICES, Prices
from reef.decide.placements.fleets import Placed, Seen, placed
from reef.decide.placements.packing import BOUNDS, Bounds, Pack
from reef.decide.placements.wish import Placement
from reef.kube.labels import MADE_FROM
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.meta import digest
from reef.kube.objects.names import container_names, deployment_name
from reef.kube.objects.released import PackedContainer, PackPlan, ReefPods, Released
from reef.kube.objects.replica_set import pack_replica_set
from reef.kube.seen.reading import replica_set_seen
from reef.kube.seen.state import ReplicaSetSeen
from reef.state import Costs


@dataclass(frozen=True)
class Runs:
    """A location that has a version to run: the served one, or the one that is about to be (`Release.promoting`).

    `uid` is the CodeLocation's; `costs` are measured, `opens_port` and `memory_bytes` are what its probe saw;
    `placement` is where it runs now.
    """

    released: Released
    uid: str
    costs: Costs | None = None
    opens_port: bool = False
    memory_bytes: int = 0
    placement: Placement | None = None


@dataclass(frozen=True)
class World:
    """What all locations of a namespace have in common. `share`: owners may share packs."""

    namespace: str
    reef: ReefPods
    share: bool = False
    bounds: Bounds = BOUNDS
    prices: Prices = PRICES


@dataclass(frozen=True)
class Desired:
    """`placed` says what was chosen for each location, and why. `plans` are the packs by name, not numbered yet; for
    `decide.cluster.packs` and `decide.cluster.own` there are `packs` and `own`. `changes` is to be kept until the next
    look."""

    placed: Placed
    plans: Mapping[str, PackPlan] = field(default_factory=dict)
    packs: tuple[PackWanted, ...] = ()
    own: tuple[OwnWanted, ...] = ()
    changes: Mapping[str, Change] = field(default_factory=dict)

    def plan(self, pack: str, number: int, order: Sequence[str] = ()) -> PackPlan:
        """The plan of one of its ReplicaSets, its containers in that order (`packs.MakePack`)."""
        plan = self.plans[pack]
        at = {name: place for place, name in enumerate(order)}
        ordered = sorted(plan.containers, key=lambda each: at.get(each.name, len(at)))
        return replace(plan, number=number, containers=tuple(ordered))


def desired(
    runs: Sequence[Runs],
    world: World,
    replica_sets: Iterable[ReplicaSetSeen],
    changes: Mapping[str, Change],
    now: float,
) -> Desired:
    """`replica_sets` are those that are there: who is in a pack, or a container, stays there where it may."""
    there = sorted(replica_sets, key=lambda each: (each.deleting is False, each.number))
    by_name = {each.released.name: each for each in runs}
    wishes = [
        wish_of(
            each.released.location,
            each.released.name,
            opens_port=each.opens_port,
            memory_bytes=each.memory_bytes,
        )
        for each in runs
    ]
    found = placed(wishes, world.share, _seen(runs, there), world.bounds, world.prices)
    plans = {pack.name: _plan(pack, by_name, there, world.namespace) for pack in found.packs}
    kept: dict[str, Change] = {}
    packs = []
    for name, plan in plans.items():
        wanted = replica_set_seen(pack_replica_set(plan, world.reef), ())
        kept[name] = _change(changes.get(name), wanted, _newest(name, there), now)
        first = kept[name].first
        packs.append(
            PackWanted(
                name,
                wanted.made_from,
                wanted.contents,
                kept[name].since,
                now if first is None else first,
            )
        )
    return Desired(found, plans, tuple(packs), _own(runs, found, world), kept)


def _seen(runs: Sequence[Runs], there: Sequence[ReplicaSetSeen]) -> Seen:
    packs = {name: one.pack for one in there for each in one.contents.values() for name in each.members}
    return Seen(
        {each.released.name: each.costs for each in runs if each.costs},
        {each.released.name: each.placement for each in runs if each.placement},
        packs,
    )


def _plan(pack: Pack, runs: Mapping[str, Runs], there: Sequence[ReplicaSetSeen], namespace: str) -> PackPlan:
    before = {
        name: container
        for one in there
        if one.pack == pack.name
        for container, each in one.contents.items()
        for name in each.members
    }
    names = container_names([each.locations for each in pack.containers], before)
    containers = [
        PackedContainer(name, tuple(runs[one].released for one in group)) for group, name in names.items()
    ]
    return PackPlan(pack.name, 0, namespace, tuple(sorted(containers, key=lambda each: each.name)))


def _newest(pack: str, there: Sequence[ReplicaSetSeen]) -> ReplicaSetSeen | None:
    alive = [each for each in there if each.pack == pack and not each.deleting]
    return max(alive, key=lambda each: each.number, default=None)


def _change(
    before: Change | None, wanted: ReplicaSetSeen, newest: ReplicaSetSeen | None, now: float
) -> Change:
    done = newest is not None and (newest.made_from, newest.contents) == (wanted.made_from, wanted.contents)
    told = [
        [name, each.settings, each.image, dict(each.members)]
        for name, each in sorted(wanted.contents.items())
    ]
    return changing(before, digest([wanted.made_from, told]), done, now)


def _own(runs: Sequence[Runs], found: Placed, world: World) -> tuple[OwnWanted, ...]:
    wanted = []
    for each in runs:
        name, placement = each.released.name, found.chosen[each.released.name].placement
        if placement == "standing" or placement == "on_demand":
            made = own_deployment(each.released, world.namespace, each.uid, world.reef, None)
            replicas = each.released.location.spec.replicas or 1
            made_from = made["metadata"]["annotations"][MADE_FROM]
            wanted.append(OwnWanted(name, deployment_name(name), made_from, placement, replicas))
    return tuple(wanted)
