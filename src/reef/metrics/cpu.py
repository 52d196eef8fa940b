"""Processor time of each location's servers, those that have ended included."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from reef import events
from reef.hosting.contract import Child
from reef.locations.place import CodeLocation
from reef.procfs import cpu_seconds

ReadCpu = Callable[[Sequence[Child]], Awaitable[Mapping[str, float]]]
"""Children -> seconds by child's id; without those of which nothing is known."""


async def local_cpu(children: Sequence[Child]) -> Mapping[str, float]:
    """Of processes of this machine."""

    def read() -> dict[str, float]:
        found = ((child.id, cpu_seconds(child.pid)) for child in children)
        return {one: seconds for one, seconds in found if seconds is not None}

    return await asyncio.to_thread(read)


class CpuMeter:
    """What a server used between the last look and its end is read at its end where `last` can; else it is lost."""

    def __init__(
        self,
        places: Mapping[str, CodeLocation],
        read: ReadCpu = local_cpu,
        last: Callable[[Child], float | None] | None = None,
    ) -> None:
        self._places = places
        self._read = read
        self._last = last
        self._seen: dict[tuple[str, str], float] = {}
        self._over: dict[str, float] = {}

    async def look(self) -> None:
        """Before a scrape."""
        children = {
            (name, child.id): child
            for name, place in self._places.items()
            for child in place.serving.children()
        }
        found = await self._read(list(children.values()))
        for (name, one), child in children.items():
            if (seconds := found.get(one)) is not None and name in self._places:
                self._note(name, child, seconds)

    def hear(self, event: events.Event) -> None:
        match event:
            case events.Ending(name, child) if child.purpose == "serve" and name in self._places:
                if self._last is not None and (seconds := self._last(child)) is not None:
                    self._note(name, child, seconds)
            case events.Exited(name, child):
                self._over[name] = self._over.get(name, 0.0) + self._seen.pop((name, child.id), 0.0)
            case events.LocationGone(name):
                self._over.pop(name, None)
                for key in [key for key in self._seen if key[0] == name]:
                    del self._seen[key]

    def _note(self, name: str, child: Child, seconds: float) -> None:
        """It never goes back."""
        key = (name, child.id)
        self._seen[key] = max(seconds, self._seen.get(key, 0.0))

    def seconds(self) -> dict[str, float]:
        """By location, where anything is known."""
        found = dict(self._over)
        for (name, _), seconds in list(self._seen.items()):
            found[name] = found.get(name, 0.0) + seconds
        return found
