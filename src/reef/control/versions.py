"""What control must know about code that may have changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from reef.fleet.model import Location
from reef.hosting.contract import LoadReport

Change = Literal["same", "source", "environment", "settings"]


@dataclass(frozen=True)
class Stamp:
    """What a location's code was at one moment. `sources` is opaque and can be stored as JSON."""

    version: str
    environment: str
    settings: str
    sources: dict[str, object]


class Versions(Protocol):
    async def stamp(self, location: Location, report: LoadReport | None) -> Stamp:
        """Hash what the location runs; with the report of a load also what that load read besides."""
        ...

    async def change(self, location: Location, stamp: Stamp) -> Change:
        """The cheap question at each wake: is it still what the stamp says?"""
        ...
