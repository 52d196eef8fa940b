"""What serving wants of releasing. On one machine that is the same process, elsewhere a controller."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reef.fleet.model import Location
from reef.locations.place import CodeLocation


@dataclass(frozen=True)
class Startable:
    """How a location is started: what it is, and the tree of kept source that it runs from ("": what lies there)."""

    spec: Location
    copy: str = ""


class NotReleased(Exception):
    """There is no version that could be started. `known`: that was known before, so it counts as no new failure."""

    def __init__(self, reason: str, *, known: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.known = known


class Releases(Protocol):
    """Asked by each wake, in this order; the last two for each child that was started."""

    async def renew(self, place: CodeLocation) -> None:
        """Take over what the location's files of variables say now."""
        ...

    async def ready(self, place: CodeLocation) -> None:
        """See that there is a version that loads; loads it where it is the first. Raises NotReleased."""
        ...

    async def running(self, place: CodeLocation) -> Startable:
        """How its version is started. Raises NotReleased."""
        ...

    async def changed(self, place: CodeLocation, running: Startable) -> str | None:
        """What is no longer what its version was made of; None where all is."""
        ...

    async def take_change(self, place: CodeLocation, changed: str, before: list[str]) -> None:
        """Release what is there now; `before` is what this wake met already. Raises NotReleased."""
        ...
