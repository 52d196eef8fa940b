"""What is written down of each location, and where: the database is the truth for versions and what is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from reef.decide.cluster.ports import Ports
from reef.decide.cluster.verdicts import Pin, RefusedVersion
from reef.peers.messages import ServedNow
from reef.views import Costs

MOST_KEPT = 5


class KeptVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version that loaded and was recorded. `image` is as it was asked for, `pinned` with the digest that was tried;
    `spec` are the fields that the version fixes (`kube.objects.versions.recorded`): references to Secrets, no value."""

    version: str
    image: str
    pinned: str
    digest: str
    spec: dict[str, Any]
    served: ServedNow
    recorded_at: float
    definitions: dict[str, object] = {}
    load_s: float | None = None
    private_bytes: int | None = None
    listening: tuple[int, ...] = ()
    connects: tuple[str, ...] = ()

    @property
    def images(self) -> tuple[str, str]:
        """The names under which kubelet may have pulled its image."""
        return self.pinned, self.image

    def costs(self) -> Costs:
        """What one server of it costs, as far as its probe tells."""
        return Costs(self.load_s, None, self.private_bytes, None, reaches_outside=bool(self.connects))


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a location's history."""

    at: float
    version: str
    image: str
    why: str


class Book(msgspec.Struct, frozen=True, kw_only=True):
    """One location. `shown` is what every gateway shows, of this `generation`; `version` is the version behind it, None
    for an error of a location that never loaded. `paused_spec` is what it asked for when it was paused, plain data;
    None where it is not paused."""

    name: str
    generation: int = 0
    shown: ServedNow | None = None
    shown_error: str | None = None  # in words, where an error is shown
    version: str | None = None
    kept: dict[str, KeptVersion] = {}
    refused: dict[str, RefusedVersion] = {}
    pin: Pin | None = None
    history: tuple[Promotion, ...] = ()
    paused_spec: dict[str, Any] | None = None

    def with_version(self, kept: KeptVersion) -> Book:
        """The newest others go."""
        found = {**self.kept, kept.version: kept}
        order = sorted(found.values(), key=lambda each: each.recorded_at, reverse=True)
        stay = {each.version for each in order[:MOST_KEPT]} | {self.version, kept.version}
        refused = {version: why for version, why in self.refused.items() if version != kept.version}
        return msgspec.structs.replace(
            self, kept={name: each for name, each in found.items() if name in stay}, refused=refused
        )

    def with_refused(self, version: str, why: RefusedVersion) -> Book:
        """The newest refusals are remembered."""
        found = {**self.refused, version: why}
        newest = sorted(found, key=lambda each: found[each].at)[-MOST_KEPT:]
        return msgspec.structs.replace(self, refused={each: found[each] for each in newest})

    def with_shown(self, generation: int, served: ServedNow, why: str, now: float) -> Book:
        """From now on this is shown."""
        version = served.version or None
        history = self.history
        if version and version != self.version:
            image = self.kept[version].pinned if version in self.kept else ""
            entry = Promotion(at=now, version=version, image=image, why=why)
            history = (*history, entry)[-50:]
        return msgspec.structs.replace(
            self,
            generation=generation,
            shown=served,
            version=version,
            history=history,
            shown_error=None if version else why,
        )

    @property
    def answers(self) -> bool:
        """Whether more than an error is shown of it."""
        return self.version is not None or (self.shown is not None and self.shown.snapshot is not None)

    def snapshots(self) -> set[str]:
        """Digests of all that is needed of it."""
        found = {each.served.snapshot for each in self.kept.values()}
        found.add(self.shown.snapshot if self.shown else None)
        return {each for each in found if each is not None}


class Books(Protocol):
    """The database. Every method is a coroutine that raises OSError while it is away."""

    async def load(self) -> Mapping[str, Book]:
        """All that is written down; nothing in a database that is new or was emptied."""
        ...

    def generation(self, name: str) -> int:
        """The highest that this location ever had, also where it was forgotten meanwhile. As of the last `load`."""
        ...

    async def save(self, book: Book) -> None:
        """Durable when it returns."""
        ...

    async def forget(self, name: str) -> None: ...

    async def ports(self) -> Ports: ...

    async def save_ports(self, ports: Ports) -> None: ...

    async def put_snapshot(self, digest: str, content: bytes) -> None: ...

    async def snapshot(self, digest: str) -> bytes | None: ...

    async def keep_snapshots(self, digests: set[str]) -> None:
        """All others may go."""
        ...

    async def close(self) -> None: ...
