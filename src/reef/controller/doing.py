"""What was decided, done: each piece a task of its own, so that one that is slow hinders no other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence

from reef.controller.asked import Asked
from reef.controller.events_api import Events, Reason
from reef.controller.known import Known
from reef.controller.library import Library
from reef.controller.objects import Objects
from reef.controller.places import Places
from reef.controller.probes import Probes
from reef.controller.promoting import Promoter
from reef.controller.tasks import Tasks, Work
from reef.controller.versions import Versions
from reef.decide.cluster import own as own_decisions
from reef.decide.cluster.own import running
from reef.decide.cluster.pack_views import PackView, serves
from reef.decide.cluster.releasing import AskProbe, EndProbe, Promote, Refuse, ShowError, StartProbe
from reef.kube.seen.state import DeploymentSeen, PodSeen, ReplicaSetSeen
from reef.peers.messages import ServedNow
from reef.records.served import server_id
from reef.snapshots.record import synthesized_load_error

log = logging.getLogger("reef.controller")


class Doing:
    """Everything but `forget` is told what is wanted now, and begins what is not under way."""

    def __init__(
        self,
        library: Library,
        promoter: Promoter,
        probes: Probes,
        objects: Objects,
        tasks: Tasks,
        events: Events,
    ) -> None:
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
        self._events.say_not_running(fleet, found.releases)

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
        if each.book.answers:
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

    # -- the rest ----------------------------------------------------------------------------------

    def objects(self, fleet: Sequence[Asked], ports: Mapping[str, int], known: Iterable[Known]) -> None:
        """Services and ConfigMaps."""
        follow, there = list(fleet), {each.name for each in known}
        self.tasks.begin("bringing objects", lambda: self._objects.follow(follow, ports, there), quiet=True)

    def forget(self, name: str) -> None:
        async def work() -> None:
            await self._promoter.forget(name)
            await self._library.forget(name)

        self.tasks.begin(f"forgetting {name}", work)
