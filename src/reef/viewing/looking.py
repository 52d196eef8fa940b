"""Looks at a namespace: its CodeLocations and pods are followed, Reef's processes are asked when needed."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from reef.cluster.client import Client
from reef.cluster.informer import Informer
from reef.cluster.kinds import CODE_LOCATION, POD, Document, Key
from reef.hosting.memory import sample
from reef.kube import labels
from reef.kube.seen.reading import pod_seen
from reef.kube.seen.state import PodSeen
from reef.remote.places import OURS
from reef.viewing.asking import Asking
from reef.viewing.counting import CountedProcess, Counting, of_each
from reef.viewing.happenings import moments_of, wakes_of, why, woken
from reef.viewing.news import StatusNews
from reef.viewing.seen import Look, ServerSeen
from reef.viewing.status import Warm, servers_of, status_of
from reef.viewing.taken import Taken
from reef.web.chronicle import Chronicle, Wake

log = logging.getLogger("reef.viewing")

ASKED = ("controller", "gateway", "pack")  # components that answer at /metrics
SHARE = 10  # a look that took a second is not repeated within ten
LEAST_S = 1.0
BEFORE = "before this page began"


class FollowedKind(Protocol):
    """An Informer."""

    away: str | None

    @property
    def objects(self) -> Mapping[Key, Document]: ...
    def start(self) -> None: ...
    async def synced(self) -> None: ...
    async def close(self) -> None: ...


class Measured(Protocol):
    """`Taken`."""

    @property
    def cpu(self) -> Mapping[str, float]: ...
    async def bytes(self) -> Mapping[str, int]: ...


def looking_at(client: Client, namespace: str, asking: Asking) -> Looking:
    """Through the API server."""
    locations = Informer(client, CODE_LOCATION, namespace)
    pods = Informer(client, POD, namespace, labels=OURS, trim=_slim)
    return Looking(locations, pods, Taken(client, namespace), asking)


class Looking:
    """All on the event loop. `hears` is told of each look with what of it is counted."""

    def __init__(
        self,
        locations: FollowedKind,
        pods: FollowedKind,
        taken: Measured,
        asking: Asking,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._locations, self._pods, self._taken = locations, pods, taken
        self._asking = asking
        self._clock = clock
        self._began = clock()
        self._turn = asyncio.Lock()
        self._seen: dict[str, Any] | None = None
        self._until = 0.0  # monotonic: until then what was seen last is new enough
        self._versions = StatusNews()
        self._warm: dict[str, Warm] = {}
        self._servers: Mapping[str, ServerSeen] = {}
        self.counting = Counting()
        self.chronicle = Chronicle(self._is_up, clock)
        self.hears: list[Callable[[Look, Mapping[str, ServerSeen]], None]] = []

    async def start(self) -> None:
        """Returns when everything was listed once."""
        for each in (self._locations, self._pods):
            each.start()
        await asyncio.gather(self._locations.synced(), self._pods.synced())

    async def close(self) -> None:
        await asyncio.gather(self._locations.close(), self._pods.close())
        await self._asking.close()

    @property
    def locations(self) -> Mapping[str, Document]:
        """By name, as they were last seen."""
        return {name: each for (_, name), each in self._locations.objects.items()}

    @property
    def pods(self) -> tuple[Document, ...]:
        return tuple(self._pods.objects.values())

    def now(self) -> float:
        """Unix seconds."""
        return self._clock()

    def remember(self, warm: Mapping[str, Warm]) -> None:
        """What an earlier process knew of servers."""
        self._warm = {**warm, **self._warm}

    def again(self) -> None:
        """What was seen last is too old."""
        self._until = 0.0

    async def status(self) -> dict[str, Any]:
        """As `reef status --json` of one machine; not older than a second, or than ten times what a look takes."""
        async with self._turn:
            if self._seen is None or time.monotonic() > self._until:
                began = time.monotonic()
                self._seen = await self._look()
                self._until = time.monotonic() + max(LEAST_S, SHARE * (time.monotonic() - began))
            return self._seen

    def _is_up(self, name: str) -> bool:
        return name in self._servers and self._servers[name].is_up

    async def _look(self) -> dict[str, Any]:
        pods = [pod_seen(each) for each in self._pods.objects.values()]
        asked = [pod for pod in pods if _answers(pod)]
        said, taken = await asyncio.gather(self._asking.all(asked), self._taken.bytes())
        locations = sorted(self.locations.values(), key=lambda each: str(each["metadata"]["name"]))
        look = Look(self._clock(), locations, pods, said, taken, self._taken.cpu, self._trouble())
        servers = await asyncio.to_thread(servers_of, look)
        self._note(look, servers)
        own = await asyncio.to_thread(_own_pss)
        found = await asyncio.to_thread(status_of, look, self.counting, self._warm, servers, own)
        return self._with_cold_starts(found)

    def _with_cold_starts(self, found: dict[str, Any]) -> dict[str, Any]:
        for row in found["locations"]:
            wake = self.chronicle.last_wake(row["name"])
            row["last_cold_start_s"] = round(wake.took_s, 3) if wake and wake.took_s else None
        return found

    def _trouble(self) -> tuple[str, ...]:
        silent = [f"{pod} does not answer: {why}" for pod, why in sorted(self._asking.silent.items())]
        away = [each.away for each in (self._locations, self._pods) if each.away is not None]
        return (*(f"the API server is not followed: {why}" for why in away[:1]), *silent)

    # -- what happened since the last look -----------------------------------------------------------

    def _note(self, look: Look, servers: Mapping[str, ServerSeen]) -> None:
        self._servers = servers
        for name, each in servers.items():
            if each.is_up and each.measured and each.resident:
                self._warm[name] = Warm(each.private, each.resident)
        for pod in sorted(look.pods, key=_calls_last):
            if pod.name in look.said:
                self._count(pod, look, servers)
        self._remember_wakes(servers)
        for name, moment in self._versions.changed(look):
            self.chronicle.tell(name, moment)
        for name in self._warm.keys() - servers.keys():
            del self._warm[name]
        for name in self._versions.gone:
            self.chronicle.forget(name)
        self.counting.keep_only({pod.uid: pod for pod in look.pods}, servers)
        for hears in self.hears:
            hears(look, servers)

    def _count(self, pod: PodSeen, look: Look, servers: Mapping[str, ServerSeen]) -> None:
        process = CountedProcess(pod.uid, pod.created >= self._began)
        said = (one for name, found in look.said[pod.name].items() if name in servers for one in found)
        for name, grown in of_each(self.counting.take(process, said)).items():
            for wake in wakes_of(grown, servers[name].woken_at or look.at):
                self.chronicle.woke(name, wake)
                self.chronicle.tell(name, woken(wake))
            for moment in moments_of(grown, look.at):
                self.chronicle.tell(name, moment)

    def _remember_wakes(self, servers: Mapping[str, ServerSeen]) -> None:
        """Of before this process began: when the last one was is known, and why where all had one reason."""
        for name, each in servers.items():
            if each.woken_at and self.chronicle.last_wake(name) is None:
                reason = self.counting.only_reason(name)
                told = why(reason) if reason else BEFORE
                self.chronicle.woke(name, Wake(each.woken_at, told, self.counting.cold_s(name)))


def _answers(pod: PodSeen) -> bool:
    """Whether its process of Reef runs, or ran a moment ago."""
    is_asked = pod.labels.get(labels.COMPONENT) in ASKED
    return is_asked and pod.phase == "Running" and pod.ip is not None


def _calls_last(pod: PodSeen) -> bool:
    """A wake comes before the call that it was for, which a gateway tells."""
    return pod.labels.get(labels.COMPONENT) == "gateway"


def _own_pss() -> int:
    found = sample(os.getpid())
    return found.pss if found else 0


def _slim(document: Document) -> Document:
    """Hundreds of pods are megabytes of settings that nobody shows."""
    spec = document.get("spec") or {}
    containers = [
        {"name": each["name"], "image": each.get("image", "")} for each in spec.get("containers", ())
    ]
    document["spec"] = {"nodeName": spec.get("nodeName"), "containers": containers}
    return document
