"""A copy of all objects of one kind that follows the API server, and stays readable while that is away."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from reef.background import Background
from reef.cluster.backoff import Backoff
from reef.cluster.client import Client
from reef.cluster.errors import ClusterError, Expired
from reef.cluster.kinds import Document, Key, Kind, key_of, version_of
from reef.words import count, describe, headline

log = logging.getLogger("reef.cluster")

WATCH_S = 60  # then a new one is begun where the last ended
LATE_S = 15.0  # a watch that has not ended so long after that has died
_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


class Change(NamedTuple):
    """`old` is None for what was added, `new` for what was deleted."""

    kind: Literal["added", "changed", "deleted"]
    key: Key
    old: Document | None
    new: Document | None


def trimmed(document: Document) -> Document:
    """Without what only other programs read, which is half of most objects."""
    metadata = document["metadata"]
    metadata.pop("managedFields", None)
    annotations = metadata.get("annotations")
    if annotations is not None:
        annotations.pop(_APPLIED, None)
    return document


class Informer:
    """One kind in one namespace (None: in all), with a label selector if need be. Belongs to one event loop.

    `trim` is given each object before it is kept, without what `trimmed` takes away; it returns what to keep of it,
    with its metadata's name, namespace and resourceVersion.
    """

    def __init__(
        self,
        client: Client,
        kind: Kind,
        namespace: str | None,
        *,
        labels: str | None = None,
        trim: Callable[[Document], Document] = lambda document: document,
        watch_s: int = WATCH_S,
        late_s: float = LATE_S,
    ) -> None:
        self._client = client
        self._kind = kind
        self._namespace = namespace
        self._labels = labels
        self._trim = trim
        self._watch_s = watch_s
        self._late_s = late_s
        self._cache: dict[Key, Document] = {}
        self._version: str | None = None
        self._subscribers: list[Callable[[Change], None]] = []
        self._synced = asyncio.Event()
        self._backoff = Backoff()
        self._answered_at = time.monotonic()
        self._task = Background(log, f"following {kind}")
        self.lists = 0  # how often everything was listed
        self.away: str | None = None  # why it cannot follow now, for people

    @property
    def objects(self) -> Mapping[Key, Document]:
        """As they were last seen: they belong to the cache, so change none."""
        return MappingProxyType(self._cache)

    def get(self, name: str, namespace: str | None = None) -> Document | None:
        return self._cache.get((namespace or self._namespace or "", name))

    def subscribe(self, hears: Callable[[Change], None]) -> None:
        """It hears of every change from now on, in the event loop and after the cache has it; it must not block."""
        self._subscribers.append(hears)

    async def synced(self) -> None:
        """Until everything was listed once."""
        await self._synced.wait()

    def start(self) -> None:
        self._task.spawn(self._follow())

    async def close(self) -> None:
        await self._task.close()

    async def _follow(self) -> None:
        while True:
            try:
                if self._version is None:
                    await self._list()
                await self._watch()
                continue
            except Expired:
                self._version = None
            except TimeoutError:
                log.info("a watch of %s has died silently; another one is begun", self._kind)
            except ClusterError as error:
                self._failed(describe(error))
            except Exception as error:  # what is no JSON, or no object
                log.exception("what is said of %s is not understood; all are listed again", self._kind)
                self._failed(describe(error))
                self._version = None
            await asyncio.sleep(self._backoff.wait_s())

    async def _list(self) -> None:
        """Everything is taken anew. Nobody hears of a part of it before it is whole."""
        found: dict[Key, Document] = {}
        version = ""
        async for page in self._client.pages(self._kind, self._namespace, self._labels):
            version = page.version
            found.update((key_of(each), self._kept(each)) for each in page.items)
        self._answered()
        self.lists += 1
        self._version = version
        for key in self._cache.keys() - found.keys():
            self._forget(key)
        for key, document in found.items():
            self._put(key, document)
        self._synced.set()

    async def _watch(self) -> None:
        assert self._version is not None
        began = time.monotonic()
        seconds = max(1, round(self._watch_s * random.uniform(0.75, 1.0)))  # not all at once
        async with (
            asyncio.timeout(seconds + self._late_s),
            self._client.watching(
                self._kind, self._namespace, self._version, seconds, self._labels
            ) as events,
        ):
            self._answered()
            async for kind, document in events:
                self._version = version_of(document)
                if kind == "DELETED":
                    self._forget(key_of(document))
                elif kind != "BOOKMARK":
                    self._put(key_of(document), self._kept(document))
        if time.monotonic() - began < 1.0:  # a server that goes down, or something between that ends watches
            await asyncio.sleep(self._backoff.wait_s())

    def _kept(self, document: Document) -> Document:
        document.setdefault("apiVersion", self._kind.api_version)  # which lists leave out
        document.setdefault("kind", self._kind.kind)
        return self._trim(trimmed(document))

    def _put(self, key: Key, new: Document) -> None:
        old = self._cache.get(key)
        if old is not None and version_of(old) == version_of(new):
            return
        self._cache[key] = new
        self._tell(Change("added" if old is None else "changed", key, old, new))

    def _forget(self, key: Key) -> None:
        old = self._cache.pop(key, None)
        if old is not None:
            self._tell(Change("deleted", key, old, None))

    def _tell(self, change: Change) -> None:
        for hears in self._subscribers:
            try:
                hears(change)
            except Exception:
                log.exception("a change of %s %s was not heard", self._kind, change.key)

    def _answered(self) -> None:
        if self.away is not None:
            took = time.monotonic() - self._answered_at
            log.info("%s are followed again after %.0f s", self._kind, took)
        self.away = None
        self._answered_at = time.monotonic()
        self._backoff.answered()

    def _failed(self, why: str) -> None:
        if self.away is None:
            self._answered_at = time.monotonic()
            have = count(len(self._cache), "object")
            log.warning(
                "%s cannot be followed, what is known (%s) stays: %s", self._kind, have, headline(why)
            )
        self.away = why
