"""Asks Reef's processes for their metrics: plain HTTP at the port that kubelet asks, so no certificate is needed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import httpx2

from reef.kube.labels import HEALTH_PORT
from reef.kube.seen.state import PodSeen
from reef.viewing.samples import Sample, by_location, samples
from reef.words import describe

log = logging.getLogger("reef.viewing")

ANSWER_S = 4.0
AT_ONCE = 8


class Asking:
    """Belongs to one event loop. `port` is another one in tests."""

    def __init__(self, port: int = HEALTH_PORT) -> None:
        self._port = port
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._http = httpx2.AsyncClient(timeout=httpx2.Timeout(ANSWER_S, connect=1.0), trust_env=False)
        self.silent: dict[str, str] = {}  # pods that did not answer at the last look, and why

    async def all(self, pods: Sequence[PodSeen]) -> dict[str, Mapping[str, Sequence[Sample]]]:
        """What they say, by the pod's name and by location; without those that do not answer."""
        found = await asyncio.gather(*(self._one(pod) for pod in pods))
        self.silent = {pod.name: self.silent[pod.name] for pod in pods if pod.name in self.silent}
        return {pod.name: said for pod, said in zip(pods, found, strict=True) if said is not None}

    async def _one(self, pod: PodSeen) -> Mapping[str, Sequence[Sample]] | None:
        host = f"[{pod.ip}]" if ":" in (pod.ip or "") else pod.ip
        async with self._turns:
            try:
                answer = await self._http.get(f"http://{host}:{self._port}/metrics")
                answer.raise_for_status()
            except (httpx2.HTTPError, OSError) as error:
                self._say(pod.name, describe(error))
                return None
        if self.silent.pop(pod.name, None) is not None:
            log.info("%s says its metrics again", pod.name)
        return await asyncio.to_thread(lambda: by_location(samples(answer.content)))

    def _say(self, pod: str, why: str) -> None:
        if pod not in self.silent:
            log.info("%s does not say its metrics: %s", pod, why)
        self.silent[pod] = why

    async def close(self) -> None:
        await self._http.aclose()
