"""What a location's code is at one moment, whoever knows it: the files of this machine, or an image's digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from reef.environments import Environment
from reef.fleet.model import Location
from reef.hosting.contract import LoadReport
from reef.records.served import ServedRecord
from reef.sources import SourceRecord

Change = Literal["same", "source", "environment", "settings", "defs state"]


@dataclass(frozen=True)
class Stamp:
    """What a location's code was at one moment. `sources` (scope and digest) can be stored as JSON."""

    version: str
    environment: str
    settings: str
    sources: dict[str, object]


@dataclass(frozen=True)
class Seen:
    """A stamp together with the record of every file, to compare before and after a load."""

    stamp: Stamp
    record: SourceRecord


class Versions(Protocol):
    """A version is seen, loaded, and asked for at each wake; nothing here loads code."""

    async def see(
        self,
        spec: Location,
        report: LoadReport | None,
        excluded: frozenset[str] = frozenset(),
        before: Stamp | None = None,
    ) -> Seen:
        """Hash what the location runs; with the report of a load also what that load read besides. Without a report:
        what the load read of which there is the stamp `before`."""
        ...

    def with_defs_state(self, spec: Location, stamp: Stamp, used: Mapping[str, str]) -> Stamp:
        """The stamp of a load that used these versions of defs state (key → version)."""
        ...

    def stamp_of_kept(self, spec: Location, served: ServedRecord) -> Stamp:
        """Of a version that runs from its copy: only its environment can be another one now."""
        ...

    def changed_during_load(self, before: Seen, after: Seen, started_at_ns: int) -> tuple[str, ...]:
        """Paths that were written while the code was loaded: what was loaded may be neither version."""
        ...

    async def change(self, spec: Location, stamp: Stamp) -> Change:
        """Is it still what the stamp says? Milliseconds where nothing has been touched."""
        ...

    async def environment_changed(self, spec: Location, fingerprint: str) -> bool:
        """Its own interpreter's packages, or those of the interpreter that its zygote runs in."""
        ...

    async def planned(self, spec: Location, stamp: Stamp, environment: Environment | None) -> Seen:
        """What it would be now, judged by the files that the stamp's load read (its own, where it moved)."""
        ...

    async def records(self, spec: Location, sources: Iterable[Mapping[str, object]]) -> list[SourceRecord]:
        """What is there now of all that these stamps' loads read; without any, of what it would begin with."""
        ...

    async def changed_defs_state(self, stamp: Stamp, *, as_told: bool = False) -> dict[str, str]:
        """Key → version, where there is a newer one than the one that was loaded."""
        ...

    async def look_at_defs_state(self, stamps: Iterable[Stamp]) -> None:
        """Before a plan: what is known of an instance that cannot be read may be old."""
        ...

    async def accept_defs_state(self, stamp: Stamp) -> None:
        """It was loaded again because of its defs state, and that is what it got."""
        ...
