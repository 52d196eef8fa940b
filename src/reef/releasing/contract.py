"""What releasing wants of others: of who runs servers, of who knows interpreters, of who follows the fleet's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from reef.environments import FoundEnvironment
from reef.locations.place import CodeLocation


class Replaces(Protocol):
    """Who runs the servers of locations."""

    def drain(self, place: CodeLocation, why: str, *, again: bool = False) -> None:
        """Take its child out of service; it ends when its calls and its runs are over. `again`: start another."""
        ...

    def take_over(self, place: CodeLocation, *, other: bool) -> None:
        """A version was promoted, and may start at once; `other`: its server id is not what was served before."""
        ...


class Environments(Protocol):
    """What the fleet's interpreters have installed."""

    @property
    def found(self) -> Mapping[str, FoundEnvironment]:
        """Interpreter -> what it was found to be."""
        ...

    async def inspect(self, pythons: Iterable[str]) -> None:
        """Look at these anew."""
        ...

    async def look(self, pythons: Iterable[str]) -> Mapping[str, FoundEnvironment]:
        """What they are now; nothing changes by it."""
        ...

    async def plan(self, *, draft: bool = False) -> None:
        """Have what follows from them ready: on one machine, zygotes."""
        ...

    async def changed(self, place: CodeLocation) -> None:
        """The location's packages are others: everything that shares them is judged and planned anew."""
        ...

    def learn(self) -> None:
        """Some were probed in other environments: plan again soon, when it is known what they import."""
        ...


class Renews(Protocol):
    """Who follows the files that locations take their settings from."""

    async def renew(self, place: CodeLocation, by_name: bool) -> None:
        """What these files say now counts from here on. `by_name`: also what waited for somebody to deploy it."""
        ...
