"""What people ask for with `reef wake` and `reef sleep`: done, and answered in the annotation that asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from reef.cluster.client import Client
from reef.cluster.kinds import CODE_LOCATION, DEPLOYMENT
from reef.controller.asked import Asked
from reef.controller.hosts import Hosts
from reef.controller.places import Places
from reef.controller.resting import Resting
from reef.controller.tasks import Tasks, Work
from reef.decide.cluster.errand_steps import NEEDED, Answer, AskHost, ErrandSeen, ScaleDown, ScaleUp, errand
from reef.kube import labels
from reef.kube.errand_annotation import Errand
from reef.kube.objects.pack_config_map import load_timeout_s
from reef.kube.seen.state import DeploymentSeen, PodSeen, ReplicaSetSeen

BEYOND_LOADING_S = 30.0


class Errands:
    """`look` is called at every look of the leader."""

    def __init__(self, client: Client, namespace: str, hosts: Hosts, resting: Resting, tasks: Tasks) -> None:
        self._client = client
        self._namespace = namespace
        self._hosts = hosts
        self._resting = resting
        self._tasks = tasks

    def look(
        self,
        fleet: Sequence[Asked],
        wanted: Places,
        sets: Sequence[ReplicaSetSeen],
        deployments: Mapping[str, DeploymentSeen],
        serving: Mapping[str, str],
        stuck: Mapping[tuple[str, str], str],
    ) -> None:
        for each in fleet:
            asked = each.known.errand
            if asked is None or asked.state is not None:
                continue
            place = serving.get(each.name, "")
            chosen = wanted.placed.chosen.get(each.name)
            seen = ErrandSeen(
                placement="external" if each.external else chosen.placement if chosen else None,
                pod=next((one.pod for one in sets if one.name == place), None),
                deployment=deployments.get(place),
                paused=each.known.paused,
                stuck=stuck.get((each.name, each.book.version or "")),
            )
            if (work := self._work(each, asked, seen)) is not None:
                self._tasks.begin(f"{asked.verb} of {each.name}", work)

    def _work(self, each: Asked, asked: Errand, seen: ErrandSeen) -> Work | None:
        found = errand(asked.verb, seen)
        if isinstance(found, Answer):
            return lambda: self._answer(each.name, asked.done(found.state, found.note))
        if isinstance(found, AskHost):
            return lambda: self._ask_host(each, asked, found.pod)
        if isinstance(found, ScaleUp):
            return lambda: self._client.scale(DEPLOYMENT, found.deployment, 1, self._namespace)
        if isinstance(found, ScaleDown):
            return lambda: self._rest(each.name, asked, found.deployment)
        return None

    async def _ask_host(self, each: Asked, asked: Errand, pod: PodSeen) -> None:
        peer = self._hosts.at(pod)
        if asked.verb == "wake":
            said = await peer.wake(each.name, load_timeout_s(each.location) + BEYOND_LOADING_S)
        else:
            said = await peer.sleep(each.name)
        await self._answer(each.name, asked.done(said.state, said.note))

    async def _rest(self, name: str, asked: Errand, deployment: str) -> None:
        rested = await self._resting.rest(name, deployment)
        await self._answer(name, asked.done("asleep") if rested else asked.done("warm", NEEDED))

    async def _answer(self, name: str, done: Errand) -> None:
        patch = {"metadata": {"annotations": {labels.ERRAND: done.written()}}}
        await self._client.patch(CODE_LOCATION, name, patch, self._namespace)
