"""A controller of the simulated cluster: it asks the decisions that the real one asks, and does what they say. Some of
what it does is lost, as if an API server had not answered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sim_cluster import SimCluster, image_digest

from reef.controller.desired import Desired, Runs, World, desired
from reef.decide.cluster.own import ApplyDeployment, DeleteDeployment, OwnSeen, Serve, own, running
from reef.decide.cluster.pack_views import PackView, serves
from reef.decide.cluster.packs import (
    Change,
    Configure,
    DeletePack,
    MakePack,
    PacksSeen,
    PatchImage,
    Switch,
    packs,
)
from reef.decide.cluster.releasing import (
    AskProbe,
    EndProbe,
    Promote,
    Refuse,
    Refused,
    ReleaseSeen,
    ShowError,
    StartProbe,
    Tried,
    release,
)
from reef.kube import labels
from reef.kube.model import CodeLocation, Spec
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.probe import probe_pod
from reef.kube.objects.released import ReefPods, Released
from reef.kube.objects.replica_set import pack_replica_set
from reef.kube.objects.versions import as_released, pinned, recorded, settings_digest, version
from reef.kube.seen.reading import deployment_seen, pod_seen, replica_set_seen
from reef.kube.seen.state import PodSeen, ReplicaSetSeen

REEF = ReefPods("reef:1")


@dataclass
class Known:
    """What is written down of one location. `place` is a ReplicaSet or a Deployment."""

    location: CodeLocation
    served: str | None = None
    kept: dict[str, tuple[dict[str, Any], str]] = field(default_factory=dict)  # version -> settings, image
    refused: dict[str, Refused] = field(default_factory=dict)
    tried: Tried | None = None
    place: str | None = None
    shown_error: str | None = None

    @property
    def asked(self) -> str:
        return version(str(self.location.spec.image), settings_digest(self.location, {}))

    def released(self, number: str) -> Released:
        record, image = self.kept[number]
        return Released(as_released(self.location, record), number, image)


class SimController:
    """`loads`: whether the code of an image loads. `lost`: the share of what is done in vain."""

    def __init__(self, cluster: SimCluster) -> None:
        self.cluster = cluster
        self.known: dict[str, Known] = {}
        self.changes: dict[str, Change] = {}
        self.left: dict[str, float] = {}
        self.busy: dict[str, frozenset[str]] = {}
        self.does_not_load: set[str] = set()
        self.lost = 0.0
        self.promoting: dict[str, str] = {}

    def asks(self, name: str, **spec: Any) -> None:
        """Somebody applies a CodeLocation."""
        location = CodeLocation(name, msgspec.convert({"code": {"module": name}, **spec}, Spec))
        if name in self.known:
            self.known[name].location = location
        else:
            self.known[name] = Known(location)

    def deleted(self, name: str) -> None:
        """Somebody deletes it, and Kubernetes what belongs to it."""
        self.known.pop(name, None)
        for kept in (self.cluster.pods, self.cluster.deployments):
            for key, each in list(kept.items()):
                if each["metadata"]["labels"].get(labels.LOCATION) == name:
                    del kept[key]

    def step(self) -> list[Any]:
        """One look. What was done, or tried in vain."""
        pods = [pod_seen(each) for each in self.cluster.pods.values()]
        done: list[Any] = []
        self.promoting = {}
        for name, known in self.known.items():
            done += self._release(name, known, pods)
        sets = [replica_set_seen(each, pods) for each in self.cluster.replica_sets.values()]
        found = self._desired(sets)
        seen = PacksSeen(sets, self._serving("pack-"), self.busy, self.left)
        done += self._tried(packs(found.packs, seen, self.cluster.now), found)
        done += self._tried(own(found.own, self._own_seen(), self.cluster.now), found)
        return done

    def place_of(self, name: str, found: Desired, sets: Iterable[ReplicaSetSeen]) -> bool:
        """Whether the location runs where it shall, as it shall."""
        pack = found.placed.pack_of(name)
        if pack is None:
            (wanted,) = [each for each in found.own if each.location == name]
            return running(wanted, self._own_seen()) and self.known[name].place == wanted.deployment
        (one,) = [each for each in found.packs if each.name == pack.name]
        mine = tuple(each for each in sets if each.pack == pack.name)
        return serves(PackView(one.name, one.contents, mine, self._serving("pack-")), name)

    def _desired(self, sets: list[ReplicaSetSeen]) -> Desired:
        runs = [
            Runs(known.released(number), f"uid-{name}", placement=None)
            for name, known in self.known.items()
            if (number := self.promoting.get(name) or known.served)
        ]
        found = desired(runs, World("data", REEF), sets, self.changes, self.cluster.now)
        self.changes = dict(found.changes)
        for name, number in self.promoting.items():
            if self.known[name].served is None or self.place_of(name, found, sets):
                self.known[name].served = number
        return found

    def _release(self, name: str, known: Known, pods: list[PodSeen]) -> list[Any]:
        probes = {
            each.labels[labels.VERSION]: each
            for each in pods
            if each.labels.get(labels.COMPONENT) == "probe" and each.labels[labels.LOCATION] == name
        }
        seen = ReleaseSeen(
            name,
            known.asked,
            known.served,
            frozenset(known.kept),
            known.refused,
            probes=probes,
            tried=known.tried,
            shown_error=known.shown_error,
        )
        actions = release(seen, self.cluster.now).actions
        for each in actions:
            if isinstance(each, Promote):
                self.promoting[name] = each.version
            elif not self._is_lost():
                self._on_release(known, each)
        return list(actions)

    def _on_release(self, known: Known, action: Any) -> None:
        name, image = known.location.name, str(known.location.spec.image)
        match action:
            case StartProbe(number):
                pod = probe_pod(Released(known.location, number, image), "data", "uid", REEF)
                self.cluster.make_pod(pod["metadata"]["name"], pod)
            case EndProbe(pod_name):
                self.cluster.pods.pop(pod_name, None)
            case AskProbe(number, _) if image in self.does_not_load:
                known.tried = Tried(number, self.cluster.now, "ImportError")
            case AskProbe(number, _):
                known.kept[number] = (recorded(known.location), pinned(image, f"x@{image_digest(image)}"))
                known.refused.pop(number, None)
            case Refuse(number, why):
                known.refused[number] = why
            case ShowError(_, message):
                known.shown_error = message
            case _:
                raise AssertionError(f"{action} of {name}")

    def _tried(self, actions: Iterable[Any], found: Desired) -> list[Any]:
        listed = list(actions)
        for each in listed:
            if not self._is_lost():
                self._on_place(each, found)
        return listed

    def _on_place(self, action: Any, found: Desired) -> None:
        cluster = self.cluster
        match action:
            case MakePack(pack, number, order, _):
                cluster.apply(cluster.replica_sets, pack_replica_set(found.plan(pack, number, order), REEF))
            case PatchImage(where, pod, container, image):
                for each in cluster.replica_sets[where]["spec"]["template"]["spec"]["containers"]:
                    if each["name"] == container:
                        each["image"] = image
                if pod is not None:
                    cluster.patch_image(pod, container, image)
            case Configure(where):
                one = replica_set_seen(cluster.replica_sets[where], ())
                cluster.apply(cluster.replica_sets, pack_replica_set(found.plan(one.pack, one.number), REEF))
            case Switch(location, where) | Serve(location, where):
                self._leave(location)
                self.known[location].place = where
            case DeletePack(where, _):
                cluster.replica_sets.pop(where, None)
            case ApplyDeployment(location, _, replicas):
                known = self.known[location]
                number = self.promoting.get(location) or known.served or ""
                made = own_deployment(known.released(number), "data", "uid", REEF, replicas)
                cluster.apply(cluster.deployments, made)
            case DeleteDeployment(where):
                cluster.deployments.pop(where, None)

    def _leave(self, location: str) -> None:
        if place := self.known[location].place:
            self.left[place] = self.cluster.now

    def _own_seen(self) -> OwnSeen:
        there = {name: deployment_seen(each) for name, each in self.cluster.deployments.items()}
        return OwnSeen(there, self._serving("reef-"), left=self.left)

    def _serving(self, beginning: str) -> dict[str, str]:
        places = {name: known.place for name, known in self.known.items() if known.place}
        return {name: place for name, place in places.items() if place.startswith(beginning)}

    def _is_lost(self) -> bool:
        return self.cluster.rng.random() < self.lost
