"""One leader among processes, by a Lease that it renews.

Clocks of machines are not compared: a candidate takes the Lease once it has seen it unchanged, by its own clock, for as
long as it is valid. The leader stops before that, counted from when it began its last renewal.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

from reef.background import Background
from reef.cluster.client import Client
from reef.cluster.errors import ClusterError, Conflict, NotFound
from reef.cluster.kinds import LEASE, Document
from reef.words import describe, headline

log = logging.getLogger("reef.cluster")

LEASE_S = 15
RENEW_S = 5.0
GIVE_UP_S = 10.0  # without a renewal the leader is none from then on; others wait for LEASE_S
LOOK_S = 2.0  # a candidate looks so often


class Leadership:
    """Candidate, then leader, then lost: whoever wants it again makes another one. Belongs to one event loop.

    `identity` must be of this process alone, not of its pod: one that starts again is somebody else.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        name: str,
        identity: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._lease: Document | None = None  # as it was last seen
        self._seen_at = 0.0  # when it was first seen so
        self._renewed_at: float | None = None
        self._acquired = asyncio.Event()
        self._task = Background(log, f"holding the lease {name}")
        self.lost = asyncio.Event()
        self._told: str | None = None

    @property
    def trouble(self) -> str | None:
        """Why the API server could not be asked the last time."""
        return self._told

    @property
    def seen(self) -> bool:
        """Whether the API server has said whose it is."""
        return self._lease is not None

    @property
    def held(self) -> bool:
        """Whether this process is the leader at this moment, also where the event loop was late to notice that it is
        not."""
        renewed = self._renewed_at
        return renewed is not None and not self.lost.is_set() and self._clock() - renewed < GIVE_UP_S

    @property
    def token(self) -> int:
        """A number that is higher for every later leader, to be compared where it writes.

        It is made from when the Lease was made and how often it went to another holder: a Lease that somebody deleted
        begins to count anew.
        """
        assert self._lease is not None
        made = datetime.fromisoformat(self._lease["metadata"]["creationTimestamp"])
        return int(made.timestamp()) << 24 | int(_spec(self._lease).get("leaseTransitions") or 0)

    def start(self) -> None:
        self._task.spawn(self._run())

    async def acquired(self) -> None:
        await self._acquired.wait()

    async def release(self) -> None:
        """Let the next one begin at once. Whoever leads stops its work first."""
        await self._task.close()
        self.lost.set()
        if self._renewed_at is not None:
            await self._within(RENEW_S, self._given_back)

    async def _given_back(self) -> bool:
        """Read again: a renewal that was cut off may have been done."""
        lease = await self._client.get(LEASE, self._name, self._namespace)
        spec = _spec(lease)
        if spec.get("holderIdentity") == self._identity:
            spec |= {"holderIdentity": "", "leaseDurationSeconds": 1}
            await self._client.replace(LEASE, {**lease, "spec": spec})
        return True

    async def _run(self) -> None:
        try:
            while not await self._within(LOOK_S * 2, self._candidate):
                await asyncio.sleep(LOOK_S)
            log.info("%s holds the lease %s", self._identity, self._name)
            self._acquired.set()
            await self._lead()
            log.warning("%s has lost the lease %s", self._identity, self._name)
        finally:
            self.lost.set()

    async def _lead(self) -> None:
        """Until it is lost."""
        assert self._renewed_at is not None
        wait_s = RENEW_S
        while True:
            left_s = self._renewed_at + GIVE_UP_S - self._clock()
            await asyncio.sleep(max(0.0, min(wait_s, left_s)))
            left_s = self._renewed_at + GIVE_UP_S - self._clock()
            if left_s <= 0:
                return
            renewed = await self._within(min(left_s, RENEW_S), self._renewed)
            if renewed is False:
                return
            wait_s = RENEW_S if renewed else LOOK_S / 2

    async def _within(self, seconds: float, ask: Callable[[], Coroutine[Any, Any, bool]]) -> bool | None:
        """None where the API server did not say."""
        try:
            with self._client.asking_for(seconds):
                async with asyncio.timeout(seconds):
                    found = await ask()
        except (ClusterError, TimeoutError) as error:
            why = headline(describe(error))
            if why != self._told:
                log.warning("the lease %s cannot be asked for: %s", self._name, why)
            self._told = why
            return None
        self._told = None
        return found

    async def _candidate(self) -> bool:
        """Whether it is ours now."""
        began = self._clock()
        try:
            self._see(await self._client.get(LEASE, self._name, self._namespace))
        except NotFound:
            return await self._put(began, None)
        assert self._lease is not None
        spec = _spec(self._lease)
        holder, valid_s = spec.get("holderIdentity"), float(spec.get("leaseDurationSeconds") or LEASE_S)
        if holder and holder != self._identity and self._clock() - self._seen_at < valid_s:
            return False
        return await self._put(began, self._lease)

    async def _renewed(self) -> bool:
        """False where it is somebody else's."""
        if await self._put(self._clock(), self._lease):
            return True
        began = self._clock()
        try:
            self._see(await self._client.get(LEASE, self._name, self._namespace))
        except NotFound:
            return False
        assert self._lease is not None
        if _spec(self._lease).get("holderIdentity") != self._identity:
            return False
        return await self._put(began, self._lease)

    async def _put(self, began: float, before: Document | None) -> bool:
        """Write that it is ours; False where somebody was quicker."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        spec = _spec(before) if before else {}
        if spec.get("holderIdentity") != self._identity:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = int(spec.get("leaseTransitions") or 0) + 1
        spec |= {"holderIdentity": self._identity, "leaseDurationSeconds": LEASE_S, "renewTime": now}
        metadata = before["metadata"] if before else {"name": self._name, "namespace": self._namespace}
        document = {"metadata": metadata, "spec": spec}
        try:
            ask = self._client.replace if before else self._client.create
            self._see(await ask(LEASE, document))
        except (Conflict, NotFound):
            return False
        self._renewed_at = began
        return True

    def _see(self, lease: Document) -> None:
        if self._lease is None or _spec(self._lease) != _spec(lease):
            self._seen_at = self._clock()
        self._lease = lease


def _spec(lease: Document) -> dict[str, Any]:
    """Its own; one that somebody made by hand may have none."""
    return dict(lease.get("spec") or {})
