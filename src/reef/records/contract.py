"""What is recorded of locations, wherever it lies. All of it blocks: call it in a thread.

Each may raise OSError where there is no room or no database. `tests/records/contract_suite_of_records.py` is what every
implementation must pass.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from reef.records.journal import Journal
from reef.records.kept import KeptVersion
from reef.records.served import ServedRecord


class ServedRecords(Protocol):
    """What is promoted for each location: a restarted host goes on from it."""

    def load(self, name: str) -> ServedRecord | None:
        """None where there is none that can be trusted; then the location is probed again."""
        ...

    def save(self, record: ServedRecord) -> None:
        """Durable when it returns, and whole or not at all."""
        ...


class KeptRecords(Protocol):
    """Versions that can be run again: their settings, and what was recorded of them."""

    def put(self, version: KeptVersion) -> None:
        """The newest of its location from now on, also where the clock was set back."""
        ...

    def get(self, name: str, version: str) -> KeptVersion | None: ...

    def of(self, name: str) -> list[KeptVersion]:
        """Newest first."""
        ...

    def forget(self, name: str, *served: str | None) -> None:
        """All but these versions and the newest others (`kept.MOST`)."""
        ...

    def everything(self) -> Iterator[KeptVersion]: ...


class HistoryRecords(Protocol):
    """What was promoted for each location, and why."""

    def add(self, name: str, entry: dict[str, Any]) -> None: ...

    def of(self, name: str) -> list[dict[str, Any]]:
        """Oldest first, each with its location's name as `location`."""
        ...

    def locations(self) -> list[str]:
        """Of which something is remembered."""
        ...


class JournalRecords(Protocol):
    """The one deploy that is under way, or was the last."""

    def last(self) -> Journal | None:
        """Asked by a host that starts: one that was running is interrupted from now on."""
        ...

    def write(self, journal: Journal) -> None:
        """Durable when it returns, and whole or not at all."""
        ...
