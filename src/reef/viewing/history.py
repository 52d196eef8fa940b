"""The history of a cluster: the records of a host's history, each whole in itself, in PostgreSQL."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from reef.decide.sizing.stretches import DAY_S, Stretch
from reef.records.postgres import Database
from reef.records.postgres_reading import PostgresReading
from reef.records.postgres_usage import PostgresUsage, UsageRecord
from reef.usage.columns import packed, unpacked
from reef.usage.recorded import MINUTES_KEPT_S, Entry, Span, hours_due

MOST_BYTES = 50_000_000


class _Record(msgspec.Struct, array_like=True):
    """`names` are those of the numbers 0, 1, … in the columns."""

    names: list[str]
    columns: dict[str, list[int]]


class ClusterHistory:
    """One process writes: who came later wins, as among controllers. All blocks; raises OSError."""

    def __init__(self, url: str, namespace: str, token: int) -> None:
        """Connects to nothing yet. `token` rises from process to process. Raises ReefError for a URL that is none."""
        self._database = Database(url, f"{namespace}/page", token)
        self._namespace = namespace
        self._records = PostgresUsage(self._database, namespace)

    def add_minutes(self, entries: Sequence[Entry]) -> None:
        """All in one transaction."""
        self._records.put([_written("minutes", each) for each in entries])

    def make_hours(self, now: float) -> None:
        if due := hours_due(self, now):
            self._records.put([_written("hours", each) for each in due])

    def prune(self, now: float, days: int, most_bytes: int = MOST_BYTES) -> None:
        """Remove what is older, and the oldest of what is left where it is too much."""
        self._records.prune("minutes", now - MINUTES_KEPT_S)
        self._records.prune("hours", now - days * DAY_S)
        self._records.bound(most_bytes)

    def each(self, span: Span, since: float, only: str | None) -> Iterator[Entry]:
        """As `Records`."""
        for record in self._records.read(span, since):
            yield record.start, record.seconds, _read(record, only)

    def size(self) -> int:
        """Bytes."""
        return self._records.size()

    def reading(self) -> PostgresReading:
        """Of the controller's books in the same database."""
        return PostgresReading(self._database, self._namespace)

    def close(self) -> None:
        self._database.close()


def _written(span: Span, entry: Entry) -> UsageRecord:
    start, seconds, stretches = entry
    columns = packed(dict(enumerate(stretches.values())))
    content = zlib.compress(msgspec.msgpack.encode(_Record(list(stretches), columns)), 6)
    return UsageRecord(span, start, seconds, content)


def _read(record: UsageRecord, only: str | None) -> Mapping[str, Stretch]:
    if only == "":
        return {}
    found = msgspec.msgpack.decode(zlib.decompress(record.content), type=_Record)
    if only is not None and only not in found.names:
        return {}
    number = None if only is None else found.names.index(only)
    return {found.names[one]: each for one, each in unpacked(found.columns, record.start, number)}
