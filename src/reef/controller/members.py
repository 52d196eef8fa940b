"""The gateways that take part in promotions, as their pods come and go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from reef.background import Background
from reef.controller.peering import Connect, GatewayPeer, PeerUnreachable
from reef.controller.promoting import Member, Promoter, PromotionFailed
from reef.kube import labels
from reef.kube.seen.state import PodSeen
from reef.peers.messages import GatewayState
from reef.words import describe

log = logging.getLogger("reef.controller")

CONTAINER = "gateway"
AGAIN_S = 1.0
REMIND_S = 5.0


class Members:
    """`follow` is told the pods at every look. `names` gives all locations that a gateway must know to be ready;
    `heard` is told what a gateway shows before it is told anything."""

    def __init__(
        self,
        promoter: Promoter,
        connect: Connect,
        names: Callable[[], tuple[str, ...]],
        heard: Callable[[GatewayState, GatewayPeer], None],
        background: Background,
    ) -> None:
        self._promoter = promoter
        self._connect = connect
        self._names = names
        self._heard = heard
        self._background = background
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._told: dict[str, tuple[str, ...]] = {}

    def follow(self, pods: Sequence[PodSeen]) -> None:
        """By pod and start of its container: one that has started again knows only what its disk has."""
        present = {}
        for pod in pods:
            container = pod.containers.get(CONTAINER)
            if pod.labels.get(labels.COMPONENT) != "gateway" or container is None or not pod.ip:
                continue
            if container.state == "running" and pod.phase == "Running":
                present[f"{pod.name}/{container.restarts}"] = pod.ip
        for key in [key for key in self._tasks if key not in present]:
            self._tasks.pop(key).cancel()
            self._told.pop(key, None)
            self._promoter.leave(key)
        for key, ip in present.items():
            if key not in self._tasks:
                self._tasks[key] = self._background.spawn(self._look_after(key, ip))

    async def _look_after(self, key: str, ip: str) -> None:
        peer = GatewayPeer(lambda: self._connect(f"{ip}:{labels.PEER_PORT}", "gateway"))
        member = Member(key, peer)
        wait_s = 0.0
        while True:
            await asyncio.sleep(wait_s)
            try:
                if not member.welcomed or self._told.get(key) != self._names():
                    names = self._names()
                    if not member.welcomed:
                        self._heard(await peer.state(), peer)
                    await self._promoter.join(member, names)
                    self._told[key] = names
                    log.info("gateway %s knows %d locations", key, len(names))
                else:
                    await self._promoter.remind(member)
                wait_s = REMIND_S
            except (PeerUnreachable, PromotionFailed) as error:
                log.info("gateway %s is told again: %s", key, describe(error))
                wait_s = AGAIN_S

    def __len__(self) -> int:
        return len(self._promoter.members())

    async def states(self) -> list[GatewayState]:
        """Of all that answer."""
        asked = [member.peer.state() for member in self._promoter.members()]
        found = await asyncio.gather(*asked, return_exceptions=True)
        return [each for each in found if isinstance(each, GatewayState)]
