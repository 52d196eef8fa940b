"""What others than the controller read of its books: documents of locations, and what their served versions define."""

from __future__ import annotations

from collections.abc import Mapping

from reef.records.postgres import Database

_DEFINITIONS = """
SELECT name, body ->> 'version', (body -> 'kept' -> (body ->> 'version') -> 'definitions')::text
FROM reef.book WHERE namespace = %s
"""


class PostgresReading:
    """Blocks; thread-safe; raises DatabaseAway. Writes nothing. `namespace` is whose locations these are."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace

    def definitions(self) -> Mapping[str, tuple[str, bytes]]:
        """Location -> the version that is served, and what that defines, as JSON; without those of which nothing is
        known."""
        rows = self._database.read(lambda db: db.execute(_DEFINITIONS, (self._namespace,)).fetchall())
        return {name: (version, body.encode()) for name, version, body in rows if version and body}

    def book(self, name: str) -> bytes | None:
        """The document of one location, as JSON; None where there is none."""
        row = self._database.read(
            lambda db: db.execute(
                "SELECT body::text FROM reef.book WHERE namespace = %s AND name = %s", (self._namespace, name)
            ).fetchone()
        )
        return row[0].encode() if row else None
