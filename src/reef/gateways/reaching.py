"""Which pods answer: an own pod counts from its first answered call on, not from *Ready*, which comes seconds later."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import grpc
import grpc.aio

from reef.background import Background
from reef.gateway.address import host_and_port
from reef.gateway.channels import Channels, NotConnected
from reef.gateway.contract import Endpoint
from reef.gateways.objects import Pod, Site
from reef.kube.labels import PEER_PORT
from reef.wire.lanes import path_of

log = logging.getLogger("reef.gateways")

PING_S = 1.0
PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


def endpoint_of(site: Site, pod: Pod) -> Endpoint:
    """Of a pack the same for all of its locations: they share one connection."""
    is_pack = pod.pack is not None
    port = PEER_PORT if is_pack else site.port
    return Endpoint(host_and_port(pod.ip or "", port), "", server=pod.uid, kind="pack" if is_pack else "pod")


class Reaching:
    """Pods are told apart by uid. `told` is called when one answers that did not before."""

    def __init__(self, channels: Channels, told: Callable[[], None]) -> None:
        self._channels = channels
        self._told = told
        self._answered: set[str] = set()
        self._failed: set[str] = set()
        self._asking: dict[str, asyncio.Task[None]] = {}
        self._background = Background(log, "asking a pod", level=logging.WARNING)

    def may_be_called(self, pod: Pod) -> bool:
        return pod.uid not in self._failed and (pod.ready or pod.uid in self._answered)

    def failed(self, endpoint: Endpoint) -> None:
        """No connection could be made: it is not called until it answers again."""
        self._failed.add(endpoint.server)
        self._answered.discard(endpoint.server)
        self.ask(endpoint)

    def ask(self, endpoint: Endpoint) -> None:
        """Ask it until it answers, or is dropped. One that is being asked is asked no second time."""
        if endpoint.server not in self._asking:
            self._asking[endpoint.server] = self._background.spawn(self._until_it_answers(endpoint))

    def keep(self, uids: frozenset[str]) -> None:
        """Those that are left; the others are no more."""
        known = self._answered | self._failed | self._asking.keys()
        for uid in known - uids:
            self._answered.discard(uid)
            self._failed.discard(uid)
            if (asking := self._asking.pop(uid, None)) is not None:
                asking.cancel()
            self._channels.drop(uid)

    async def aclose(self) -> None:
        await self._background.close()

    async def _until_it_answers(self, endpoint: Endpoint) -> None:
        pause = PAUSE_S
        while not await self._answers(endpoint):
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_S, pause * 1.03)  # half a minute of looking closely
        del self._asking[endpoint.server]
        self._failed.discard(endpoint.server)
        self._answered.add(endpoint.server)
        self._told()

    async def _answers(self, endpoint: Endpoint) -> bool:
        """A server takes connections before it can answer; a pack's host proves itself when it connects."""
        try:
            async with asyncio.timeout(PING_S), self._channels.to(endpoint) as kept:
                if endpoint.kind == "pod":
                    await kept.unary(path_of("Ping"))(b"", timeout=PING_S)
        except (TimeoutError, NotConnected):
            return False
        except grpc.aio.AioRpcError as error:
            return error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        return True
