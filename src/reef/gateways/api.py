"""`contract.Cluster` over the API server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from reef.cluster import informer
from reef.cluster.client import Client
from reef.cluster.errors import ClusterError
from reef.cluster.informer import Informer
from reef.cluster.kinds import CODE_LOCATION, DEPLOYMENT, POD
from reef.gateways.contract import Change, Changed, Gone, Kind, ListedLocation, NotScaled
from reef.gateways.objects import slim
from reef.kube import labels
from reef.words import describe, headline


class ClusterApi:
    """One namespace. Belongs to one event loop."""

    def __init__(self, client: Client, namespace: str) -> None:
        self._client = client
        self._namespace = namespace

    async def follow(self, kind: Kind) -> AsyncIterator[Change]:
        """A list that has lost every CodeLocation is passed over: no fleet ends all at once, a database may."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        of_reef = f"{labels.PART_OF}=reef" if kind == "pods" else None
        followed = CODE_LOCATION if kind == "codelocations" else POD
        cache = Informer(self._client, followed, self._namespace, labels=of_reef, trim=slim)
        cache.start()
        try:
            await cache.synced()
            queue.put_nowait(ListedLocation(tuple(cache.objects.values())))
            cache.subscribe(lambda change: queue.put_nowait(_change(change)))
            while True:
                change = await queue.get()
                if kind == "pods" or not isinstance(change, Gone) or cache.objects:
                    yield change
        finally:
            await cache.close()

    async def scale(self, deployment: str, replicas: int) -> None:
        try:
            await self._client.scale(DEPLOYMENT, deployment, replicas, self._namespace)
        except ClusterError as error:
            raise NotScaled(headline(describe(error))) from None


def _change(change: informer.Change) -> Change:
    return Gone(change.key[1]) if change.new is None else Changed(change.new)
