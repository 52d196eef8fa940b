"""Asks Reef's processes for their metrics: plain HTTP at the port that kubelet asks, so no certificate is needed."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx2

from reef.kube.labels import HEALTH_PORT
from reef.kube.seen.state import PodSeen
from reef.viewing.samples import Reader, Sample, by_location
from reef.words import describe

log = logging.getLogger("reef.viewing")

ANSWER_S = 4.0
AT_ONCE = 8
PATIENCE_S = 60.0  # for a process that does not answer
Said = Mapping[str, Sequence[Sample]]


@dataclass(frozen=True)
class Remembered:
    """What a process said, and when (monotonic)."""

    at: float
    said: Said


class Asking:
    """Belongs to one event loop. `port` is another one in tests."""

    def __init__(self, port: int = HEALTH_PORT, patience_s: float = PATIENCE_S) -> None:
        self._port = port
        self._patience_s = patience_s
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._http = httpx2.AsyncClient(timeout=httpx2.Timeout(ANSWER_S, connect=1.0), trust_env=False)
        self._last: dict[str, Remembered] = {}
        self._readers: dict[str, Reader] = {}
        self.silent: dict[str, str] = {}  # pods that did not answer at the last look, and why

    async def all(self, pods: Sequence[PodSeen]) -> dict[str, Said]:
        """What they say, by the pod's name and by location. What one that does not answer said last counts for a
        while."""
        found = await asyncio.gather(*(self._one(pod) for pod in pods))
        now = time.monotonic()
        self._readers = {pod.name: self._readers[pod.name] for pod in pods if pod.name in self._readers}
        self._last = {pod.name: self._last[pod.name] for pod in pods if pod.name in self._last}
        for pod, said in zip(pods, found, strict=True):
            if said is not None:
                self._last[pod.name] = Remembered(now, said)
        self.silent = {pod.name: self.silent[pod.name] for pod in pods if pod.name in self.silent}
        return {name: each.said for name, each in self._last.items() if now - each.at < self._patience_s}

    async def _one(self, pod: PodSeen) -> Said | None:
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
        reader = self._readers.setdefault(pod.name, Reader())
        return await asyncio.to_thread(lambda: by_location(reader.samples(answer.content)))

    def _say(self, pod: str, why: str) -> None:
        if pod not in self.silent:
            log.info("%s does not say its metrics: %s", pod, why)
        self.silent[pod] = why

    async def close(self) -> None:
        await self._http.aclose()
