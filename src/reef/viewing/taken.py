"""What pods take, from the cluster's own metrics server, where there is one: servers in pods of their own say nothing
of themselves."""

from __future__ import annotations

import logging
import time
from typing import Any

from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.kinds import POD_METRICS
from reef.kube.quantities import quantity
from reef.remote.places import OURS
from reef.words import describe, headline

log = logging.getLogger("reef.viewing")

FRESH_S, AGAIN_S = (
    15.0,
    600.0,
)  # the metrics server itself looks no oftener; where there is none, none comes soon
ANSWER_S = 2.0


class Taken:
    """Belongs to one event loop."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client, self._namespace = client, namespace
        self._found: dict[str, int] = {}
        self._next = 0.0
        self.cpu: dict[str, float] = {}  # cores, by pod
        self.is_there = True

    async def bytes(self) -> dict[str, int]:
        """By pod; nothing where nobody measures."""
        if time.monotonic() >= self._next:
            await self._read()
        return self._found

    async def _read(self) -> None:
        try:
            with self._client.asking_for(ANSWER_S):
                listed = await self._client.list(POD_METRICS, self._namespace, OURS)
        except (ClusterError, OSError) as error:
            if self.is_there:
                log.info("pods of their own are not measured here: %s", headline(describe(error)))
            self.is_there, self._found, self.cpu = False, {}, {}
            self._next = time.monotonic() + AGAIN_S
            return
        self.is_there = True
        self._next = time.monotonic() + FRESH_S
        self._found = {each["metadata"]["name"]: round(_sum(each, "memory")) for each in listed.items}
        self.cpu = {each["metadata"]["name"]: _sum(each, "cpu") for each in listed.items}


def _sum(pod: dict[str, Any], resource: str) -> float:
    return sum(
        quantity((each.get("usage") or {}).get(resource)) or 0.0 for each in pod.get("containers") or ()
    )
