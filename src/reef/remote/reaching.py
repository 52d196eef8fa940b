"""The cluster and the namespace that a person means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.errors import ClusterError, NotFound
from reef.cluster.kinds import CODE_LOCATION, Document, Kind
from reef.errors import ReefError
from reef.fleet.suggest import did_you_mean
from reef.kube.group import API_VERSION, KIND

T = TypeVar("T")
MANAGER = "reef"  # the field manager of what a person changes


@dataclass(frozen=True)
class Remote:
    """`context` is what was asked for, None for kubeconfig's own."""

    client: Client
    namespace: str
    context: str | None = None

    async def locations(self) -> list[Document]:
        """All CodeLocations, by name. Raises ReefError."""
        try:
            found = (await self.client.list(CODE_LOCATION, self.namespace)).items
        except NotFound:
            raise _no_reef() from None
        return sorted((_whole(each) for each in found), key=lambda each: str(each["metadata"]["name"]))

    async def location(self, name: str) -> Document:
        """By its own name, else by the one that Dagster knows. Raises ReefError."""
        try:
            return _whole(await self.client.get(CODE_LOCATION, name, self.namespace))
        except NotFound:
            return chosen(await self.locations(), name, self.namespace)

    async def listed(self, kind: Kind, labels: str | None = None) -> list[Document]:
        """Objects of that kind. Raises ClusterError."""
        return (await self.client.list(kind, self.namespace, labels)).items

    async def readable(self, kind: Kind, labels: str | None = None) -> list[Document]:
        """The same; none where whoever asks may not read them."""
        try:
            return await self.listed(kind, labels)
        except ClusterError:
            return []

    async def annotate(self, name: str, **notes: str | None) -> Document:
        """Of a CodeLocation; None removes one. Keys are annotations."""
        patch = {"metadata": {"annotations": notes}}
        return await self.client.patch(CODE_LOCATION, name, patch, self.namespace)


def chosen(documents: list[Document], name: str, namespace: str) -> Document:
    """The one of that name. Raises ReefError."""
    names = [each["metadata"]["name"] for each in documents]
    if name in names:
        return documents[names.index(name)]
    for each in documents:
        if name == each["spec"].get("location_name"):
            return each
    hint = (
        did_you_mean(name, names) if names else f"namespace {namespace} has none; choose one with --namespace"
    )
    raise ReefError(f"there is no CodeLocation {name!r} in namespace {namespace}", hint=hint)


@asynccontextmanager
async def reached(context: str | None, namespace: str | None) -> AsyncIterator[Remote]:
    """As kubectl finds it. Raises ReefError."""
    client = Client(connection(context), manager=MANAGER)
    there = namespace or client.namespace or "default"
    client.namespace = there
    try:
        yield Remote(client, there, context)
    finally:
        await client.close()


def run(context: str | None, namespace: str | None, work: Callable[[Remote], Awaitable[T]]) -> T:
    """Do it, and wait for it."""

    async def whole() -> T:
        async with reached(context, namespace) as remote:
            return await work(remote)

    return asyncio.run(whole())


def _whole(document: Document) -> Document:
    """A list leaves out what all of it have in common."""
    return {"apiVersion": API_VERSION, "kind": KIND, **document}


def _no_reef() -> ReefError:
    return ReefError(
        "the cluster knows no CodeLocations",
        hint="install the chart of Reef there, or choose another cluster with --context",
    )
