"""Pods of packs and pods of locations, made, changed and removed as it was decided."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET
from reef.controller.hosts import Hosts
from reef.controller.objects import gone
from reef.controller.places import Places, ordered
from reef.controller.tasks import Tasks, Work
from reef.decide.cluster import own as own_decisions
from reef.decide.cluster import pack_steps as pack_decisions
from reef.kube import labels
from reef.kube.objects.avoiding import avoiding
from reef.kube.objects.deployment import COMPONENT, own_deployment
from reef.kube.objects.names import deployment_name
from reef.kube.objects.pack_config_map import pack_config, pack_config_map
from reef.kube.objects.released import ReefPods
from reef.kube.objects.replica_set import image_patch, pack_replica_set, pod_patch
from reef.kube.seen.state import PodSeen, ReplicaSetSeen

log = logging.getLogger("reef.controller")


class Remembers(Protocol):
    """Of the leader's memory: where each location is served from, and when one left a place."""

    served_from: dict[str, str]
    left: dict[str, float]


class Moving:
    """Is told what is wanted now, and begins what is not under way."""

    def __init__(self, client: Client, namespace: str, reef: ReefPods, hosts: Hosts, tasks: Tasks) -> None:
        self._client = client
        self._namespace = namespace
        self._reef = reef
        self._hosts = hosts
        self.tasks = tasks

    # -- packs -------------------------------------------------------------------------------------

    def packs(
        self,
        actions: Sequence[pack_decisions.Action],
        wanted: Places,
        sets: Sequence[ReplicaSetSeen],
        memory: Remembers,
        lost: frozenset[str] = frozenset(),
    ) -> None:
        """`lost`: nodes that new pods are to keep off."""
        by_name = {each.name: each for each in sets}
        for action in actions:
            if isinstance(action, pack_decisions.Switch):
                _switch(memory, action.location, action.replica_set)
            elif isinstance(action, pack_decisions.MakePack):
                self.tasks.begin(f"making {action.pack}-{action.number}", self._make(action, wanted, lost))
            elif isinstance(action, pack_decisions.PatchImage):
                there = by_name[action.replica_set]
                self.tasks.begin(f"changing {action.replica_set}", self._patch(action, there))
            elif isinstance(action, pack_decisions.Configure):
                there = by_name[action.replica_set]
                self.tasks.begin(f"changing {action.replica_set}", self._configure(there, wanted))
            elif isinstance(action, pack_decisions.DeletePack):
                log.info("%s goes: %s", action.replica_set, action.why)
                self.tasks.begin(f"removing {action.replica_set}", self._remove(action.replica_set))

    def _make(self, action: pack_decisions.MakePack, wanted: Places, lost: frozenset[str]) -> Work:
        plan = ordered(wanted.plans[action.pack], action.number, action.order)

        async def work() -> None:
            log.info("%s is made: %s", plan.name, action.why)
            await self._client.apply(CONFIG_MAP, pack_config_map(plan, _generation()))
            await self._client.apply(REPLICA_SET, avoiding(pack_replica_set(plan, self._reef), lost))

        return work

    def _patch(self, action: pack_decisions.PatchImage, there: ReplicaSetSeen) -> Work:
        names = there.contents[action.container].locations

        async def work() -> None:
            pod = there.pod
            if pod is not None and pod.ip and not await self._hosts.hold(pod, names):
                return
            log.info("container %s of %s gets %s", action.container, there.name, action.image)
            patch = image_patch(action.container, action.image)
            whole = {"spec": {"template": patch}}
            try:
                await self._client.patch(REPLICA_SET, there.name, whole, self._namespace, "strategic")
                if pod is not None:
                    inside = pod_patch(action.container, action.image, pod)
                    await self._client.patch(POD, pod.name, inside, self._namespace, "strategic")
            except ClusterError:
                if pod is not None and pod.ip:
                    await self._hosts.release(pod, names)
                raise

        return work

    def _configure(self, there: ReplicaSetSeen, wanted: Places) -> Work:
        plan = ordered(wanted.plans[there.pack], there.number, tuple(there.contents))

        async def work() -> None:
            generation = _generation()
            await self._client.apply(CONFIG_MAP, pack_config_map(plan, generation))
            if not await self._hosts.use(there, pack_config(plan, generation)):
                return
            if there.pod is not None and there.pod.ip:
                await self._hosts.release(
                    there.pod, [one.name for each in plan.containers for one in each.members]
                )
            document = pack_replica_set(plan, self._reef)
            notes = {"metadata": {"annotations": document["metadata"]["annotations"]}}
            await self._client.patch(REPLICA_SET, there.name, notes, self._namespace)

        return work

    def _remove(self, name: str) -> Work:
        async def work() -> None:
            await gone(self._client, REPLICA_SET, name, self._namespace)
            await gone(self._client, CONFIG_MAP, name, self._namespace)

        return work

    # -- pods of their own -------------------------------------------------------------------------

    def own(
        self,
        actions: Sequence[own_decisions.Action],
        wanted: Places,
        memory: Remembers,
        lost: frozenset[str] = frozenset(),
    ) -> None:
        for action in actions:
            if isinstance(action, own_decisions.Serve):
                _switch(memory, action.location, action.deployment)
            elif isinstance(action, own_decisions.ApplyDeployment):
                self.tasks.begin(f"changing {action.deployment}", self._apply_own(action, wanted, lost))
            elif isinstance(action, own_decisions.DeleteDeployment):
                self.tasks.begin(f"removing {action.deployment}", self._remove_own(action.deployment))

    def _remove_own(self, name: str) -> Work:
        return lambda: gone(self._client, DEPLOYMENT, name, self._namespace)

    def _apply_own(self, action: own_decisions.ApplyDeployment, wanted: Places, lost: frozenset[str]) -> Work:
        each = wanted.running[action.location]
        uid = each.asked.known.uid
        document = own_deployment(each.released, self._namespace, uid, self._reef, action.replicas)

        async def work() -> None:
            await self._client.apply(DEPLOYMENT, avoiding(document, lost))

        return work


def _switch(memory: Remembers, location: str, place: str) -> None:
    before = memory.served_from.get(location)
    if before is not None and before != place:
        memory.left[before] = time.time()
    memory.served_from[location] = place


def pods_of(deployment: str, pods: Iterable[PodSeen]) -> set[str]:
    """The uids of the pods of a location's own Deployment."""
    return {
        pod.uid
        for pod in pods
        if pod.labels.get(labels.COMPONENT) == COMPONENT
        and deployment_name(pod.labels.get(labels.LOCATION, "")) == deployment
    }


def _generation() -> int:
    """Only goes up, also from one leader to the next."""
    return int(time.time() * 1000)
