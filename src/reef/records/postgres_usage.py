"""What a cluster's locations used, in PostgreSQL: a record for each minute of a day, and for each hour after it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from reef.records.postgres import Connection, Database

PAGE = 200  # records that are read at once

_PUT = """
INSERT INTO reef.usage (namespace, span, start, seconds, content) VALUES (%s, %s, %s, %s, %b)
ON CONFLICT (namespace, span, start) DO UPDATE SET seconds = EXCLUDED.seconds, content = EXCLUDED.content
"""
_READ = """
SELECT start, seconds, content FROM reef.usage
WHERE namespace = %s AND span = %s AND start >= %s ORDER BY start LIMIT %s
"""
_SIZES = """
SELECT span, start, octet_length(content) FROM reef.usage WHERE namespace = %s ORDER BY start DESC
"""


class UsageRecord(NamedTuple):
    """`start` in unix seconds; `seconds` were watched from there on."""

    span: str
    start: int
    seconds: int
    content: bytes


class PostgresUsage:
    """Blocks; thread-safe. Every method raises DatabaseAway, those that write NotLeader. `namespace` is whose locations
    these are; the database's own scope says only who may write."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    def put(self, records: Sequence[UsageRecord]) -> None:
        """All or none, in one transaction; one that is there already is replaced."""
        self._database.write(lambda db: self._put(db, records))

    def read(self, span: str, since: float) -> Iterator[UsageRecord]:
        """Those that begin at `since` or later, oldest first, some at a time."""
        start = int(since)
        while rows := self._some(span, start):
            yield from rows
            start = rows[-1].start + 1

    def prune(self, span: str, before: float) -> None:
        """Those that begin earlier go."""
        self._database.write(
            lambda db: db.execute(
                "DELETE FROM reef.usage WHERE namespace = %s AND span = %s AND start < %s",
                (self._namespace, span, int(before)),
            )
        )

    def bound(self, most_bytes: int) -> None:
        """The oldest go where all are more than that."""
        sizes = self._database.read(lambda db: db.execute(_SIZES, (self._namespace,)).fetchall())
        whole = 0
        for _, start, size in sizes:
            whole += size
            if whole > most_bytes:
                self._remove_until(start)
                return

    def _remove_until(self, start: int) -> None:
        self._database.write(
            lambda db: db.execute(
                "DELETE FROM reef.usage WHERE namespace = %s AND start <= %s", (self._namespace, start)
            )
        )

    def size(self) -> int:
        """Bytes of all records."""
        row = self._database.read(
            lambda db: db.execute(
                "SELECT COALESCE(sum(octet_length(content)), 0) FROM reef.usage WHERE namespace = %s",
                (self._namespace,),
            ).fetchone()
        )
        return int(row[0]) if row else 0

    def _put(self, db: Connection, records: Sequence[UsageRecord]) -> None:
        for each in records:
            db.execute(_PUT, (self._namespace, each.span, each.start, each.seconds, each.content))

    def _some(self, span: str, start: int) -> list[UsageRecord]:
        rows = self._database.read(
            lambda db: db.execute(_READ, (self._namespace, span, start, PAGE), binary=True).fetchall()
        )
        return [UsageRecord(span, start, seconds, bytes(content)) for start, seconds, content in rows]
