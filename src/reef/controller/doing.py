"""What was decided, done: each piece a task of its own, so that one that is slow hinders no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Protocol

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import CONFIG_MAP, DEPLOYMENT, POD, REPLICA_SET
from reef.controller.asked import Asked
from reef.controller.events_api import Events, Reason
from reef.controller.hosts import Hosts
from reef.controller.library import Library
from reef.controller.objects import Objects, gone
from reef.controller.places import Places, ordered
from reef.controller.probes import Probes
from reef.controller.promoting import Promoter
from reef.controller.tasks import Tasks, Work
from reef.controller.versions import Versions
from reef.decide.cluster import own as own_decisions
from reef.decide.cluster import pack_steps as pack_decisions
from reef.decide.cluster.own import running
from reef.decide.cluster.pack_views import PackView, serves
from reef.decide.cluster.releasing import AskProbe, EndProbe, Promote, Refuse, ShowError, StartProbe
from reef.kube.objects.deployment import own_deployment
from reef.kube.objects.pack_config import pack_config, pack_config_map
from reef.kube.objects.released import ReefPods
from reef.kube.objects.replica_set import image_patch, pack_replica_set, pod_patch
from reef.kube.seen.state import DeploymentSeen, PodSeen, ReplicaSetSeen
from reef.peers.messages import ServedNow
from reef.records.served import server_id
from reef.snapshots.record import synthesized_load_error

log = logging.getLogger("reef.controller")


class Remembers(Protocol):
    """Of the leader's memory: where each location is served from, and when one left a place."""

    served_from: dict[str, str]
    left: dict[str, float]


class Doing:
    """Everything but `forget` is told what is wanted now, and begins what is not under way."""

    def __init__(
        self,
        client: Client,
        namespace: str,
        reef: ReefPods,
        hosts: Hosts,
        library: Library,
        promoter: Promoter,
        probes: Probes,
        objects: Objects,
        tasks: Tasks,
        events: Events,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._reef = reef
        self._hosts = hosts
        self._library = library
        self._promoter = promoter
        self._probes = probes
        self._objects = objects
        self.tasks = tasks
        self._events = events

    # -- versions ----------------------------------------------------------------------------------

    def versions(
        self,
        fleet: Sequence[Asked],
        pods: Sequence[PodSeen],
        found: Versions,
        wanted: Places,
        serving: Mapping[str, str],
    ) -> None:
        """Probes and refusals."""
        by_name = {each.name: each for each in fleet}
        by_pod = {each.name: each for each in pods}
        nodes = {
            name: pod.node for pod in pods for name, place in serving.items() if pod.name.startswith(place)
        }
        for name, release in found.releases.items():
            each = by_name[name]
            for action in release.actions:
                self._version(each, action, by_pod, nodes.get(name))
        self._events.say_halted(fleet, found.rollout)

    def _version(self, each: Asked, action: object, pods: Mapping[str, PodSeen], near: str | None) -> None:
        name = each.name
        if isinstance(action, StartProbe):
            self.tasks.begin(f"trying {name}", lambda: self._probes.start(each, near))
        elif isinstance(action, AskProbe) and action.pod in pods:
            pod = pods[action.pod]
            self.tasks.begin(f"loading {name} in {pod.name}", lambda: self._probes.ask(each, pod))
        elif isinstance(action, EndProbe):
            self.tasks.begin(f"ending {action.pod}", lambda: self._probes.end(action.pod))
        elif isinstance(action, Refuse):
            self.tasks.begin(f"refusing {name}", lambda: self._refuse(each, action))
        elif isinstance(action, ShowError):
            self.tasks.begin(f"showing the error of {name}", lambda: self._show_error(each, action.message))

    async def _refuse(self, each: Asked, action: Refuse) -> None:
        name, version, why = each.name, action.version, action.refused
        log.warning("version %s of %s is refused: %s", version, name, why.message)
        await self._library.edit(name, lambda book: book.with_refused(version, why))
        self._events.say(each.known, "Refused", f"Version {version} is not served: {why.message}")

    async def _show_error(self, each: Asked, message: str) -> None:
        """Not in place of answers: those of a location that was taken up from a gateway stay."""
        if each.book.shown is not None and each.book.shown.snapshot is not None:
            return
        error = synthesized_load_error(message, each.location.location_name).load_error
        served = ServedNow(server_id=server_id("error", None, error), load_error=error)
        await self._promoter.promote(each.name, served, message)

    def promote(
        self,
        fleet: Sequence[Asked],
        found: Versions,
        wanted: Places,
        sets: Sequence[ReplicaSetSeen],
        serving: Mapping[str, str],
        deployments: Mapping[str, DeploymentSeen],
    ) -> None:
        """Versions whose place runs them."""
        for each in fleet:
            release = found.releases.get(each.name)
            for action in release.actions if release else ():
                if isinstance(action, Promote) and self._runs(each.name, wanted, sets, serving, deployments):
                    kept = each.book.kept[action.version]
                    self.tasks.begin(f"promoting {each.name}", self._promotion(each, kept.served))

    def _promotion(self, each: Asked, served: ServedNow) -> Work:
        back = each.book.pin is not None
        why = "It was rolled back." if back else "It is what the location asks for."

        async def work() -> None:
            await self._promoter.promote(each.name, served, why)
            log.info("version %s of %s is served", served.version, each.name)
            reason: Reason = "RolledBack" if back else "Promoted"
            self._events.say(each.known, reason, f"Version {served.version} is served. {why}")

        return work

    def _runs(
        self,
        name: str,
        wanted: Places,
        sets: Sequence[ReplicaSetSeen],
        serving: Mapping[str, str],
        deployments: Mapping[str, DeploymentSeen],
    ) -> bool:
        for pack in wanted.packs:
            if any(name in content.members for content in pack.contents.values()):
                own = tuple(each for each in sets if each.pack == pack.name)
                return serves(PackView(pack.name, pack.contents, own, serving), name)
        for one in wanted.own:
            if one.location == name:
                seen = own_decisions.OwnSeen(deployments, serving)
                return serving.get(name) == one.deployment and running(one, seen)
        return False

    # -- packs -------------------------------------------------------------------------------------

    def packs(
        self,
        actions: Sequence[pack_decisions.Action],
        wanted: Places,
        sets: Sequence[ReplicaSetSeen],
        memory: Remembers,
    ) -> None:
        by_name = {each.name: each for each in sets}
        for action in actions:
            if isinstance(action, pack_decisions.Switch):
                _switch(memory, action.location, action.replica_set)
            elif isinstance(action, pack_decisions.MakePack):
                self.tasks.begin(f"making {action.pack}-{action.number}", self._make(action, wanted))
            elif isinstance(action, pack_decisions.PatchImage):
                there = by_name[action.replica_set]
                self.tasks.begin(f"changing {action.replica_set}", self._patch(action, there, wanted))
            elif isinstance(action, pack_decisions.Configure):
                there = by_name[action.replica_set]
                self.tasks.begin(f"changing {action.replica_set}", self._configure(there, wanted))
            elif isinstance(action, pack_decisions.DeletePack):
                log.info("%s goes: %s", action.replica_set, action.why)
                self.tasks.begin(f"removing {action.replica_set}", self._remove(action.replica_set))

    def _make(self, action: pack_decisions.MakePack, wanted: Places) -> Work:
        plan = ordered(wanted.plans[action.pack], action.number, action.order)

        async def work() -> None:
            log.info("%s is made: %s", plan.name, action.why)
            await self._client.apply(CONFIG_MAP, pack_config_map(plan, _generation()))
            await self._client.apply(REPLICA_SET, pack_replica_set(plan, self._reef))

        return work

    def _patch(self, action: pack_decisions.PatchImage, there: ReplicaSetSeen, wanted: Places) -> Work:
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

    def own(self, actions: Sequence[own_decisions.Action], wanted: Places, memory: Remembers) -> None:
        for action in actions:
            if isinstance(action, own_decisions.Serve):
                _switch(memory, action.location, action.deployment)
            elif isinstance(action, own_decisions.ApplyDeployment):
                self.tasks.begin(f"changing {action.deployment}", self._apply_own(action, wanted))
            elif isinstance(action, own_decisions.DeleteDeployment):
                self.tasks.begin(f"removing {action.deployment}", self._remove_own(action.deployment))

    def _remove_own(self, name: str) -> Work:
        return lambda: gone(self._client, DEPLOYMENT, name, self._namespace)

    def _apply_own(self, action: own_decisions.ApplyDeployment, wanted: Places) -> Work:
        each = wanted.running[action.location]
        uid = each.asked.known.uid
        document = own_deployment(each.released, self._namespace, uid, self._reef, action.replicas)

        async def work() -> None:
            await self._client.apply(DEPLOYMENT, document)

        return work

    # -- the rest ----------------------------------------------------------------------------------

    def objects(self, fleet: Sequence[Asked], ports: Mapping[str, int]) -> None:
        """Services and ConfigMaps."""
        there = list(fleet)
        self.tasks.begin("bringing objects", lambda: self._objects.follow(there, ports), quiet=True)

    def forget(self, name: str) -> None:
        async def work() -> None:
            await self._promoter.forget(name)
            await self._library.forget(name)

        self.tasks.begin(f"forgetting {name}", work)


def _switch(memory: Remembers, location: str, place: str) -> None:
    before = memory.served_from.get(location)
    if before is not None and before != place:
        memory.left[before] = time.time()
    memory.served_from[location] = place


def _generation() -> int:
    """Only goes up, also from one leader to the next."""
    return int(time.time() * 1000)
