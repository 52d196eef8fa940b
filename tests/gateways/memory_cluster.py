"""FAKE clusters: what a gateway follows and scales, without an API server. One is in memory, one is a folder of files
for gateways that are processes of their own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from objects_of import Thing

from reef.gateways.contract import Change, Changed, Gone, Kind, ListedLocation, NotScaled


class MemoryCluster:
    """A fake: objects come and go as the test says. `on_scale` is what the cluster does then."""

    def __init__(self, locations: list[Thing] | None = None, pods: list[Thing] | None = None) -> None:
        self.objects: dict[Kind, dict[str, Thing]] = {
            "codelocations": {thing["metadata"]["name"]: thing for thing in locations or []},
            "pods": {thing["metadata"]["name"]: thing for thing in pods or []},
        }
        self.scaled: list[tuple[str, int]] = []
        self.on_scale: Callable[[str, int], None] = lambda _name, _replicas: None
        self.refuses: str | None = None
        self._followers: list[tuple[Kind, asyncio.Queue[Change]]] = []

    async def follow(self, kind: Kind) -> AsyncIterator[Change]:
        queue: asyncio.Queue[Change] = asyncio.Queue()
        self._followers.append((kind, queue))
        yield ListedLocation(tuple(self.objects[kind].values()))
        while True:
            yield await queue.get()

    async def scale(self, deployment: str, replicas: int) -> None:
        self.scaled.append((deployment, replicas))
        if self.refuses is not None:
            raise NotScaled(self.refuses)
        self.on_scale(deployment, replicas)

    def put(self, kind: Kind, thing: Thing) -> None:
        self.objects[kind][thing["metadata"]["name"]] = thing
        self._tell(kind, Changed(thing))

    def remove(self, kind: Kind, name: str) -> None:
        del self.objects[kind][name]
        self._tell(kind, Gone(name))

    def relist(self, kind: Kind, *things: Thing) -> None:
        self._tell(kind, ListedLocation(things))

    def _tell(self, kind: Kind, change: Change) -> None:
        for one, queue in self._followers:
            if one == kind:
                queue.put_nowait(change)


class FolderCluster:
    """A fake: `codelocations.json` and `pods.json` are lists of objects, read again when they change."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def follow(self, kind: Kind) -> AsyncIterator[Change]:
        before = b""
        while True:
            try:
                now = (self._folder / f"{kind}.json").read_bytes()
            except FileNotFoundError:
                now = before
            if now != before:
                before = now
                yield ListedLocation(tuple(json.loads(now)))
            await asyncio.sleep(0.05)  # this cluster's watch is a poll

    async def scale(self, deployment: str, replicas: int) -> None:
        raise NotScaled("nothing can be scaled here")
