"""A simulated cluster: documents in a dict, and a simulated kubelet and scheduler in simulated time. No part of it is
real; what it supposes of kubelet was measured in a real one."""

from __future__ import annotations

import copy
import hashlib
import random
from dataclasses import dataclass, field
from typing import Any

from reef.kube import labels
from reef.kube.seen.reading import timestamp

Document = dict[str, Any]


def image_digest(image: str) -> str:
    return "sha256:" + hashlib.sha256(image.partition("@")[0].encode()).hexdigest()


@dataclass
class SimCluster:
    """`broken`: images -> `missing` (no registry has it) or `ends` (its container ends at once). `room`: pods that fit
    on its nodes. `down`: the registry does not answer."""

    rng: random.Random
    now: float = 1_000_000.0
    replica_sets: dict[str, Document] = field(default_factory=dict)
    deployments: dict[str, Document] = field(default_factory=dict)
    pods: dict[str, Document] = field(default_factory=dict)
    pulled: set[str] = field(default_factory=set)
    broken: dict[str, str] = field(default_factory=dict)
    room: int = 100
    down: bool = False
    count: int = 0
    nodes: tuple[str, ...] = ("node", "other")
    lost: set[str] = field(default_factory=set)  # the scheduler and the API server do not know it yet

    def apply(self, kept: dict[str, Document], document: Document) -> None:
        """As server-side apply does it."""
        name = document["metadata"]["name"]
        before = kept.get(name)
        made = copy.deepcopy(document)
        made["metadata"]["creationTimestamp"] = (
            before["metadata"]["creationTimestamp"] if before else timestamp(self.now)
        )
        made["metadata"]["generation"] = (before["metadata"].get("generation", 0) if before else 0) + 1
        if kept is self.deployments:
            old = before["spec"].get("replicas", 1) if before else 1
            made["spec"].setdefault("replicas", old)
            made["status"] = {"settles": self.now + self.rng.randint(2, 8)}
        kept[name] = made

    def make_pod(self, name: str, template: Document) -> None:
        metadata = {**template["metadata"], "name": name, "creationTimestamp": timestamp(self.now)}
        self.pods[name] = {
            "metadata": copy.deepcopy(metadata),
            "spec": copy.deepcopy(template["spec"]),
            "status": {"phase": "Pending"},
        }

    def patch_image(self, pod: str, container: str, image: str) -> None:
        for each in self.pods[pod]["spec"]["containers"]:
            if each["name"] == container:
                each["image"] = image

    def tick(self) -> None:
        """One second."""
        self.now += 1.0
        self._replica_sets()
        for name in list(self.pods):
            self._schedule(self.pods[name])
            if "nodeName" in self.pods[name]["spec"]:
                self._kubelet(self.pods[name])
        for each in self.deployments.values():
            self._deployment(each)

    def _replica_sets(self) -> None:
        for name, each in self.replica_sets.items():
            if not any(pod["metadata"]["labels"].get(labels.PACK) == name for pod in self.pods.values()):
                self.count += 1
                self.make_pod(f"{name}-{self.count}", each["spec"]["template"])
        for name, pod in list(self.pods.items()):
            owner = pod["metadata"]["labels"].get(labels.PACK)
            if owner is not None and owner not in self.replica_sets:
                del self.pods[name]

    def _schedule(self, pod: Document) -> None:
        if "nodeName" in pod["spec"]:
            return
        if sum("nodeName" in each["spec"] for each in self.pods.values()) < self.room:
            pod["spec"]["nodeName"] = self._node(pod)
            pod["status"].pop("conditions", None)
            return
        conditions = pod["status"].get("conditions") or [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": "0/1 nodes are available.",
                "lastTransitionTime": timestamp(self.now),
            }
        ]
        pod["status"]["conditions"] = conditions

    def _node(self, pod: Document) -> str:
        """One that the pod prefers, else any."""
        preferred = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
        terms = preferred.get("preferredDuringSchedulingIgnoredDuringExecution", ())
        off = {
            field["values"][0]
            for each in terms
            for field in each["preference"].get("matchFields", ())
            if field["operator"] == "NotIn"
        }
        return next((node for node in self.nodes if node not in off), self.nodes[0])

    def _kubelet(self, pod: Document) -> None:
        if pod["spec"]["nodeName"] in self.lost:
            return
        status = pod["status"]
        status["phase"], status["podIP"] = "Running", "10.0.0.1"
        told = {each["name"]: each for each in status.get("containerStatuses", ())}
        status["containerStatuses"] = [
            self._container(each["name"], each["image"], told.get(each["name"]), pod)
            for each in pod["spec"]["containers"]
        ]

    def _container(self, name: str, image: str, before: Document | None, pod: Document) -> Document:
        runs = before is not None and "running" in before["state"]
        if before is not None and before.get("of") == image and (runs or "terminated" in before["state"]):
            return before
        if self.rng.random() < 0.5:  # it takes kubelet a while to see it
            return before or _status(name, image, {"waiting": {"reason": "ContainerCreating"}})
        plain = image.partition("@")[0]
        if plain not in self.pulled:
            if self.down or self.broken.get(plain) == "missing":
                return _status(
                    name, image, {"waiting": {"reason": "ErrImagePull", "message": "no such image"}}
                )
            self.pulled.add(plain)
        if self.broken.get(plain) == "ends":
            never = pod["spec"].get("restartPolicy") == "Never"
            ended = {"exitCode": 1, "reason": "Error", "finishedAt": timestamp(self.now)}
            waits = {"waiting": {"reason": "CrashLoopBackOff"}}
            return _status(name, image, {"terminated": ended} if never else waits)
        found = _status(name, image, {"running": {"startedAt": timestamp(self.now)}})
        return {**found, "ready": True, "imageID": f"docker.io/{plain}@{image_digest(image)}"}

    def _deployment(self, deployment: Document) -> None:
        wanted = deployment["spec"]["replicas"]
        settled = self.now >= deployment["status"]["settles"]
        deployment["status"] |= {
            "observedGeneration": deployment["metadata"]["generation"],
            "updatedReplicas": wanted,
            "availableReplicas": wanted if settled else 0,
        }


def _status(name: str, image: str, state: Document) -> Document:
    return {"name": name, "of": image, "state": state, "ready": False}
