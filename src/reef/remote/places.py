"""In which pod and container a location is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reef.cluster.kinds import Document
from reef.kube import labels
from reef.kube.labels import PROBE_CONTAINER
from reef.kube.seen.reading import pod_seen, replica_set_seen
from reef.kube.seen.state import PodSeen, ReplicaSetSeen

OURS = f"{labels.PART_OF}=reef"


@dataclass(frozen=True)
class Place:
    """`pod` None: none runs now, and `why` says so. `shared`: other locations are in that container too. `others` are
    more pods of it. `probe`: it is only tried there."""

    pod: str | None = None
    container: str = ""
    node: str | None = None
    shared: bool = False
    others: tuple[str, ...] = ()
    probe: bool = False
    why: str = ""


@dataclass(frozen=True)
class Surroundings:
    """Pods and packs of a namespace."""

    pods: Sequence[PodSeen]
    sets: Sequence[ReplicaSetSeen]

    def of(self, location: Document) -> Place:
        """Where one location is."""
        name = location["metadata"]["name"]
        serving = (location.get("status") or {}).get("serving") or {}
        if target := serving.get("target"):
            return Place(why=f"its server is somebody else's, at {target}")
        if pack := serving.get("pack"):
            return self._packed(name, pack)
        if serving.get("deployment"):
            return self._own(name)
        return self._tried(name)

    def _packed(self, name: str, pack: str) -> Place:
        there = next((each for each in self.sets if each.name == pack), None)
        if there is None or there.pod is None:
            return Place(why=f"its pack {pack} has no pod now")
        container = there.container_of(name)
        if container is None:
            return Place(why=f"its pack {pack} has no container for it")
        shared = len(there.contents[container].members) > 1
        return Place(there.pod.name, container, there.pod.node, shared)

    def _own(self, name: str) -> Place:
        pods = self._of(name, "location")
        if not pods:
            return Place(why="it sleeps, and has no pod until it is called")
        first = pods[0]
        return Place(first.name, name, first.node, others=tuple(each.name for each in pods[1:]))

    def _tried(self, name: str) -> Place:
        pods = self._of(name, "probe")
        if not pods:
            return Place(why="it was never served, and is not being tried now")
        return Place(pods[0].name, PROBE_CONTAINER, pods[0].node, probe=True)

    def _of(self, name: str, component: str) -> list[PodSeen]:
        """Those that run first, then the newest."""
        own = {labels.LOCATION: name, labels.COMPONENT: component}
        found = [each for each in self.pods if own.items() <= each.labels.items() and not each.deleting]
        return sorted(found, key=lambda each: (each.phase != "Running", -each.created, each.name))


def surroundings(pods: Sequence[Document], replica_sets: Sequence[Document]) -> Surroundings:
    """Of documents; others than Reef's may be among them."""
    seen = [pod_seen(each) for each in pods]
    packs = [each for each in replica_sets if _component(each) == "pack"]
    return Surroundings(seen, [replica_set_seen(each, seen) for each in packs])


def _component(document: Document) -> str | None:
    found: str | None = (document["metadata"].get("labels") or {}).get(labels.COMPONENT)
    return found
