"""What the controller sees of its namespace: caches that follow the API server, and a word when something changed."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping

from reef.cluster.client import Client
from reef.cluster.informer import Change, Informer
from reef.cluster.kinds import (
    CODE_LOCATION,
    CONFIG_MAP,
    DEPLOYMENT,
    POD,
    REPLICA_SET,
    SECRET,
    SERVICE,
    Document,
)
from reef.controller.known import Known, read_known
from reef.kube import labels
from reef.kube.objects.versions import Kind
from reef.kube.seen.reading import deployment_seen, pod_seen, replica_set_seen
from reef.kube.seen.state import DeploymentSeen, PodSeen, ReplicaSetSeen

OURS = f"{labels.PART_OF}=reef"
HASH = "hash"


def data_hash(document: Document) -> str:
    """Of a Secret's or ConfigMap's values."""
    content = json.dumps([document.get("data"), document.get("binaryData")], sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()


def _hashed(document: Document) -> Document:
    """Values are not kept, only a digest of them."""
    meta = {
        name: value
        for name, value in document["metadata"].items()
        if name in ("name", "namespace", "resourceVersion", "labels", "annotations")
    }
    return {"metadata": meta, HASH: data_hash(document)}


class Watched:
    """`changed` is set whenever anything changed; whoever looks clears it first."""

    def __init__(self, client: Client, namespace: str) -> None:
        self.changed = asyncio.Event()
        self.locations = Informer(client, CODE_LOCATION, namespace)
        self.pods = Informer(client, POD, namespace, labels=OURS)
        self.replica_sets = Informer(client, REPLICA_SET, namespace, labels=OURS)
        self.deployments = Informer(client, DEPLOYMENT, namespace, labels=OURS)
        self.services = Informer(client, SERVICE, namespace)
        self.config_maps = Informer(client, CONFIG_MAP, namespace, trim=_hashed)
        self.secrets = Informer(client, SECRET, namespace, trim=_hashed)
        self._known: dict[str, tuple[str, Known]] = {}
        for each in self._all():
            each.subscribe(self._hear)

    def _all(self) -> tuple[Informer, ...]:
        return (
            self.locations,
            self.pods,
            self.replica_sets,
            self.deployments,
            self.services,
            self.config_maps,
            self.secrets,
        )

    def _hear(self, _change: Change) -> None:
        self.changed.set()

    async def start(self) -> None:
        """Returns once everything was listed."""
        for each in self._all():
            each.start()
        await asyncio.gather(*(each.synced() for each in self._all()))

    async def close(self) -> None:
        await asyncio.gather(*(each.close() for each in self._all()))

    @property
    def away(self) -> str | None:
        """Why the API server cannot be followed now."""
        return next((each.away for each in self._all() if each.away), None)

    def known(self) -> list[Known]:
        """All CodeLocations, the oldest first."""
        found = {}
        for _, document in self.locations.objects.items():
            meta = document["metadata"]
            name, version = meta["name"], meta["resourceVersion"]
            before = self._known.get(name)
            found[name] = before if before and before[0] == version else (version, read_known(document))
        self._known = found
        return sorted((each for _, each in found.values()), key=lambda each: (each.created, each.name))

    def hashes(self) -> Mapping[tuple[Kind, str], str]:
        """Of all Secrets and ConfigMaps."""
        found: dict[tuple[Kind, str], str] = {}
        for (_, name), document in self.secrets.objects.items():
            found["Secret", name] = document[HASH]
        for (_, name), document in self.config_maps.objects.items():
            found["ConfigMap", name] = document[HASH]
        return found

    def pods_seen(self) -> list[PodSeen]:
        """Pods that are part of Reef."""
        return [pod_seen(each) for each in self.pods.objects.values()]

    def sets_seen(self, pods: list[PodSeen]) -> list[ReplicaSetSeen]:
        """ReplicaSets of packs."""
        packs = [each for each in self.replica_sets.objects.values() if _is(each, "pack")]
        return [replica_set_seen(each, pods) for each in packs]

    def deployments_seen(self) -> dict[str, DeploymentSeen]:
        """Deployments of locations, by name."""
        own = [each for each in self.deployments.objects.values() if _is(each, "location")]
        return {each["metadata"]["name"]: deployment_seen(each) for each in own}


def _is(document: Document, component: str) -> bool:
    return (document["metadata"].get("labels") or {}).get(labels.COMPONENT) == component
