"""A controller of the simulated cluster: it decides as the real one does, and does what it decides in the simulation.
Some of what it does is lost, as if an API server had not answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sim_cluster import SimCluster, image_digest

from reef.controller.asked import Asked, asked
from reef.controller.book import Book, KeptVersion
from reef.controller.known import read_known
from reef.controller.pausing import noted, to_note
from reef.controller.places import Places, Running, given_up, ordered, places, stuck_versions
from reef.controller.versions import Rules, Versions, versions
from reef.decide.cluster.own import ApplyDeployment, DeleteDeployment, OwnSeen, Serve, own, running
from reef.decide.cluster.pack_steps import (
    Configure,
    DeletePack,
    MakePack,
    PackChange,
    PacksSeen,
    PatchImage,
    Switch,
)
from reef.decide.cluster.pack_views import PackView, serves
from reef.decide.cluster.packs import packs, stuck_locations
from reef.decide.cluster.releasing import (
    AskProbe,
    EndProbe,
    Promote,
    Refuse,
    Release,
    ShowError,
    StartProbe,
)
from reef.decide.cluster.rolling import Rollout, RolloutBounds
from reef.decide.cluster.verdicts import Tried
from reef.fleet.model import DeploySpec, WaveEnd
from reef.kube import labels
from reef.kube.group import API_VERSION, KIND
from reef.kube.objects.avoiding import avoiding
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.probe import probe_pod
from reef.kube.objects.released import ReefPods
from reef.kube.objects.replica_set import pack_replica_set
from reef.kube.objects.versions import pinned, recorded
from reef.kube.seen.reading import deployment_seen, pod_seen, replica_set_seen, timestamp
from reef.kube.seen.state import DeploymentSeen, ReplicaSetSeen
from reef.peers.messages import ServedNow

REEF = ReefPods("reef:1")
RULES = Rules(RolloutBounds(probes=3, many=4, soak_s=10.0), DeploySpec((WaveEnd(50, percent=True),)))


class SimController:
    """`does_not_load`: images whose code does not. `lost`: the share of what is done in vain. `busy`: ReplicaSet ->
    locations with calls under way."""

    def __init__(self, cluster: SimCluster) -> None:
        self.cluster = cluster
        self.objects: dict[str, dict[str, Any]] = {}
        self.books: dict[str, Book] = {}
        self.serving: dict[str, str] = {}
        self.changes: Mapping[str, PackChange] = {}
        self.left: dict[str, float] = {}
        self.tried: dict[str, Tried] = {}
        self.rollout: Rollout | None = None
        self.said: Mapping[str, Release] = {}
        self.stuck: Mapping[tuple[str, str], str] = {}
        self.busy: dict[str, frozenset[str]] = {}
        self.does_not_load: set[str] = set()
        self.lost = 0.0
        self.lost_nodes: frozenset[str] = frozenset()

    def applied(self, name: str, **spec: Any) -> None:
        """Somebody applies a CodeLocation."""
        before = self.objects.get(name, {"metadata": {"creationTimestamp": timestamp(self.cluster.now)}})
        metadata = {**before["metadata"], "name": name, "uid": f"uid-{name}", "namespace": "data"}
        plain = {"code": {"module": name}, **spec}
        self.objects[name] = {
            **before,
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": metadata,
            "spec": plain,
        }
        self.books.setdefault(name, Book(name=name))

    def paused(self, name: str, on: bool) -> None:
        """Somebody sets or removes the annotation."""
        metadata = self.objects[name]["metadata"]
        metadata["annotations"] = {labels.PAUSED: "true"} if on else {}

    def deleted(self, name: str) -> None:
        """Somebody deletes it, and Kubernetes what belongs to it."""
        for kept in (self.objects, self.books, self.serving, self.tried):
            kept.pop(name, None)
        for documents in (self.cluster.pods, self.cluster.deployments):
            for key, each in list(documents.items()):
                if each["metadata"]["labels"].get(labels.LOCATION) == name:
                    del documents[key]

    def forgets(self) -> None:
        """It is started anew: what is in no database is gone."""
        self.changes, self.left, self.tried, self.rollout, self.stuck = {}, {}, {}, None, {}

    def fleet(self) -> list[Asked]:
        return [asked(read_known(each), self.books[name], {}) for name, each in self.objects.items()]

    def sets(self) -> list[ReplicaSetSeen]:
        pods = [pod_seen(each) for each in self.cluster.pods.values()]
        return [replica_set_seen(each, pods) for each in self.cluster.replica_sets.values()]

    def deployments(self) -> dict[str, DeploymentSeen]:
        return {name: deployment_seen(each) for name, each in self.cluster.deployments.items()}

    def step(self) -> list[Any]:
        """One look. What was done, or tried in vain."""
        fleet, sets, now = self.fleet(), self.sets(), self.cluster.now
        pods = [pod_seen(each) for each in self.cluster.pods.values()]
        found = versions(fleet, pods, self.tried, self.rollout, RULES, now, self.stuck)
        self.rollout, self.said = found.rollout, found.releases
        for name, spec in to_note(fleet).items():
            if not self._is_lost():
                self.books[name] = noted(self.books[name], spec)
        wanted = self.wanted(fleet, found, sets)
        self.changes = wanted.changes
        for name, chosen in wanted.placed.chosen.items():
            self.objects[name]["status"] = {"placement": {"chosen": chosen.placement}}
        for name in given_up(fleet, wanted, self.serving):
            self.left[self.serving.pop(name)] = now
        done = [(each, action) for each in fleet for action in found.releases[each.name].actions]
        for each, action in done:
            if not self._is_lost():
                self._on_version(each, action, wanted, sets)
        seen = PacksSeen(sets, self.serving, self.busy, self.left, self.lost_nodes)
        self.stuck = stuck_versions(wanted, stuck_locations(wanted.packs, seen, now))
        moves = [*packs(wanted.packs, seen, now), *own(wanted.own, self._own_seen(), now)]
        for action in moves:
            if not self._is_lost():
                self._on_place(action, wanted)
        return [*done, *moves]

    def wanted(self, fleet: Iterable[Asked], found: Versions | None, sets: list[ReplicaSetSeen]) -> Places:
        there = []
        for each in fleet:
            version = (found.releases[each.name].promoting if found else None) or each.book.version
            released = each.released(version) if version else None
            if released is not None:
                there.append(Running(each, released))
        now = self.cluster.now
        return places(there, sets, self.serving, self.changes, "data", REEF, False, now)

    def in_place(self, name: str, wanted: Places, sets: list[ReplicaSetSeen]) -> bool:
        """Whether the location runs where it shall, as it shall."""
        for pack in wanted.packs:
            if any(name in each.members for each in pack.contents.values()):
                mine = tuple(each for each in sets if each.pack == pack.name)
                return serves(PackView(pack.name, pack.contents, mine, self.serving), name)
        (one,) = [each for each in wanted.own if each.location == name]
        return running(one, self._own_seen()) and self.serving.get(name) == one.deployment

    def _on_version(self, each: Asked, action: Any, wanted: Places, sets: list[ReplicaSetSeen]) -> None:
        book, now, image = self.books[each.name], self.cluster.now, str(each.location.spec.image)
        match action:
            case StartProbe(_):
                pod = probe_pod(each.trial(), "data", each.known.uid, REEF)
                self.cluster.make_pod(pod["metadata"]["name"], pod)
            case EndProbe(pod_name):
                self.cluster.pods.pop(pod_name, None)
            case AskProbe(version, _) if image in self.does_not_load:
                self.tried[each.name] = Tried(version, now, "ImportError")
            case AskProbe(version, _):
                self.books[each.name] = book.with_version(_kept(each, version, now))
            case Refuse(version, why):
                self.books[each.name] = book.with_refused(version, why)
            case ShowError(_, message):
                self.books[each.name] = book.with_shown(0, ServedNow(server_id="error"), message, now)
            case Promote(version):
                if self.in_place(each.name, wanted, sets):
                    self.books[each.name] = book.with_shown(0, book.kept[version].served, "", now)

    def _on_place(self, action: Any, wanted: Places) -> None:
        cluster = self.cluster
        match action:
            case MakePack(pack, number, order, _):
                plan = ordered(wanted.plans[pack], number, order)
                made = avoiding(pack_replica_set(plan, REEF), self.lost_nodes)
                cluster.apply(cluster.replica_sets, made)
            case PatchImage(where, pod, container, image):
                for each in cluster.replica_sets[where]["spec"]["template"]["spec"]["containers"]:
                    if each["name"] == container:
                        each["image"] = image
                if pod is not None:
                    cluster.patch_image(pod, container, image)
            case Configure(where):
                there = replica_set_seen(cluster.replica_sets[where], ())
                plan = ordered(wanted.plans[there.pack], there.number, tuple(there.contents))
                notes = pack_replica_set(plan, REEF)["metadata"]["annotations"]
                cluster.replica_sets[where]["metadata"]["annotations"] = notes
            case Switch(location, where) | Serve(location, where):
                if before := self.serving.get(location):
                    self.left[before] = cluster.now
                self.serving[location] = where
            case DeletePack(where, _):
                cluster.replica_sets.pop(where, None)
            case ApplyDeployment(location, _, replicas):
                each = wanted.running[location]
                made = own_deployment(each.released, "data", each.asked.known.uid, REEF, replicas)
                cluster.apply(cluster.deployments, made)
            case DeleteDeployment(where):
                cluster.deployments.pop(where, None)

    def _own_seen(self) -> OwnSeen:
        return OwnSeen(self.deployments(), self.serving, left=self.left)

    def _is_lost(self) -> bool:
        return self.cluster.rng.random() < self.lost


def _kept(each: Asked, version: str, now: float) -> KeptVersion:
    image = str(each.location.spec.image)
    return KeptVersion(
        version=version,
        image=image,
        pinned=pinned(image, f"docker.io/{image}@{image_digest(image)}"),
        digest=image_digest(image),
        spec=recorded(each.location),
        served=ServedNow(server_id=version, snapshot=version, version=version),
        recorded_at=now,
    )
