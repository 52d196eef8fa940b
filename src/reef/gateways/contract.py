"""What a gateway asks of the cluster: two kinds of objects to follow, and one number to set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Kind = Literal["codelocations", "pods"]


@dataclass(frozen=True)
class ListedLocation:
    """All objects of a kind, as they are now. It comes first, and again after a watch was lost."""

    objects: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Changed:
    """One that came or changed."""

    thing: Mapping[str, Any]


@dataclass(frozen=True)
class Gone:
    name: str


Change = ListedLocation | Changed | Gone


class NotScaled(Exception):
    """The cluster did not take it; the reason is for people."""


class Cluster(Protocol):
    """The part of the API server's namespace that a gateway needs."""

    def follow(self, kind: Kind) -> AsyncIterator[Change]:
        """It does not end: where the API server is away, it goes on when that is back."""
        ...

    async def scale(self, deployment: str, replicas: int) -> None:
        """Raises NotScaled."""
        ...
