"""The pack hosts of all packs: what they are told, and what they say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from reef.controller.peering import Connect, PackPeer, PeerUnreachable
from reef.kube import labels
from reef.kube.seen.state import PodSeen, ReplicaSetSeen
from reef.peers.messages import PackConfig, PackState
from reef.words import describe

log = logging.getLogger("reef.controller")


class Hosts:
    """Peers by the address of their pods."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    def at(self, pod: PodSeen) -> PackPeer:
        """`pod.ip` is known."""
        target = f"{pod.ip}:{labels.PEER_PORT}"
        return PackPeer(lambda: self._connect(target, "pack"))

    async def states(self, sets: Sequence[ReplicaSetSeen]) -> Mapping[str, PackState]:
        """ReplicaSet -> what its host says, of those that answer."""
        asked = [each for each in sets if each.pod is not None and each.pod.ip]
        found = await asyncio.gather(*(self._state(each) for each in asked))
        return {each.name: state for each, state in zip(asked, found, strict=True) if state is not None}

    async def _state(self, replica_set: ReplicaSetSeen) -> PackState | None:
        assert replica_set.pod is not None
        try:
            return await self.at(replica_set.pod).state()
        except PeerUnreachable:
            return None

    async def use(self, replica_set: ReplicaSetSeen, config: PackConfig) -> bool:
        """Whether its host has taken it; one without a pod reads the ConfigMap when it starts."""
        if replica_set.pod is None or not replica_set.pod.ip:
            return True
        try:
            await self.at(replica_set.pod).use(config)
        except PeerUnreachable as error:
            log.info("the host of %s was not told: %s", replica_set.name, describe(error))
            return False
        return True

    async def hold(self, pod: PodSeen, names: Sequence[str]) -> bool:
        """Let calls of these locations wait, where none is under way; else nothing changes, and it is False."""
        peer = self.at(pod)
        held: list[str] = []
        try:
            for name in names:
                held.append(name)
                if await peer.hold(name):
                    await self.release(pod, held)
                    return False
        except PeerUnreachable:
            return False
        return True

    async def release(self, pod: PodSeen, names: Sequence[str]) -> None:
        peer = self.at(pod)
        for name in names:
            try:
                await peer.release(name)
            except PeerUnreachable as error:
                log.info("calls of %s go on only when its hold is over: %s", name, describe(error))


def busy(states: Mapping[str, PackState]) -> dict[str, frozenset[str]]:
    """ReplicaSet -> locations with calls under way there."""
    found = {}
    for name, state in states.items():
        found[name] = frozenset(each.name for each in state.locations if each.in_flight)
    return found
