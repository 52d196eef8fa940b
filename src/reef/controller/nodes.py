"""Nodes that are lost: gateways and pack hosts on them are tried for a connection again and again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from reef.controller.tasks import Tasks, Work
from reef.decide.cluster.lost_nodes import Heard, lost_nodes
from reef.kube import labels
from reef.kube.labels import HOST_CONTAINER
from reef.kube.seen.state import PodSeen

log = logging.getLogger("reef.controller")

EVERY_S = 3.0
CONNECT_S = 3.0
_CONTAINERS = {"gateway": "gateway", "pack": HOST_CONTAINER}

Answers = Callable[[str, int], Awaitable[bool]]
End = Callable[[str], Coroutine[Any, Any, None]]
"""Delete the pod of that name, giving it its time."""


async def answers(host: str, port: int) -> bool:
    """Whether anything at all comes from there; a refusal does."""
    try:
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(host, port)
    except ConnectionRefusedError:
        return True
    except (TimeoutError, OSError):
        return False
    writer.close()
    return True


@dataclass(frozen=True)
class _Asked:
    uid: str
    name: str
    node: str
    ip: str


class Nodes:
    """`follow` is told the pods at every look; `changed` is called when another node is lost, or one is back."""

    def __init__(self, end: End, tasks: Tasks, changed: Callable[[], None], ask: Answers = answers) -> None:
        self._end = end
        self._tasks = tasks
        self._changed = changed
        self._ask = ask
        self._pods: dict[str, _Asked] = {}
        self._silent: dict[str, float] = {}
        self.lost: frozenset[str] = frozenset()

    def follow(self, pods: Sequence[PodSeen]) -> None:
        """Those that run, or were last seen to. A gateway on a lost node is deleted, so that its Service leads no call
        there."""
        self._pods = {
            pod.uid: _Asked(pod.uid, pod.name, pod.node, pod.ip)
            for pod in pods
            if pod.node and pod.ip and _runs(pod)
        }
        self._silent = {uid: since for uid, since in self._silent.items() if uid in self._pods}
        for pod in pods:
            is_gateway = pod.labels.get(labels.COMPONENT) == "gateway"
            if is_gateway and pod.uid in self._pods and pod.node in self.lost and not pod.deleting:
                self._tasks.begin(f"ending {pod.name}", _ending(self._end, pod.name))

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await self.ask()
            await asyncio.sleep(EVERY_S)

    async def ask(self) -> None:
        """Each pod once."""
        pods = list(self._pods.values())
        found = await asyncio.gather(*(self._ask(each.ip, labels.HEALTH_PORT) for each in pods))
        now = time.time()
        for each, answered in zip(pods, found, strict=True):
            if answered:
                self._silent.pop(each.uid, None)
            else:
                self._silent.setdefault(each.uid, now)
        heard = [Heard(each.node, self._silent.get(each.uid)) for each in self._pods.values()]
        before, self.lost = self.lost, lost_nodes(heard, now)
        if self.lost != before:
            _say(before, self.lost)
            self._changed()


def _runs(pod: PodSeen) -> bool:
    name = _CONTAINERS.get(pod.labels.get(labels.COMPONENT, ""))
    container = pod.containers.get(name) if name else None
    return container is not None and container.state == "running" and pod.phase == "Running"


def _ending(end: End, name: str) -> Work:
    return lambda: end(name)


def _say(before: frozenset[str], now: frozenset[str]) -> None:
    for node in sorted(now - before):
        log.warning("no pod on node %s answers: what runs there is started elsewhere", node)
    for node in sorted(before - now):
        log.info("node %s is no longer taken for lost", node)
