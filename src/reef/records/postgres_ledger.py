"""What a cluster's controller must not lose, in PostgreSQL: one document for each location, ports, location snapshots.

Documents are JSON of whoever writes them. They say which version is shown, by which generation, and which versions may
come back: images by digest, settings by reference. No value of a variable belongs into them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from reef.records.postgres import Connection, Database

FRESH = "10 minutes"  # a location snapshot that no document names yet

_SAVE = """
INSERT INTO reef.book (namespace, name, body) VALUES (%s, %s, %s)
ON CONFLICT (namespace, name) DO UPDATE SET body = EXCLUDED.body, changed_at = now()
"""
_COUNT = """
INSERT INTO reef.generation AS old (namespace, name, generation) VALUES (%s, %s, %s)
ON CONFLICT (namespace, name) DO UPDATE SET generation = GREATEST(old.generation, EXCLUDED.generation)
RETURNING generation
"""
_PORTS = """
INSERT INTO reef.ports (namespace, body) VALUES (%s, %s)
ON CONFLICT (namespace) DO UPDATE SET body = EXCLUDED.body
"""


class OlderGeneration(OSError):
    """A location's generation would go back."""


class Document(NamedTuple):
    generation: int
    body: bytes


class PostgresLedger:
    """Blocks; thread-safe. Every method raises DatabaseAway, those that write NotLeader.

    It remembers what it has read and written. A database that is emptied meanwhile has all of it again with the next
    write.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._documents: dict[str, Document] = {}
        self._generations: dict[str, int] = {}
        self._ports: bytes | None = None
        database.restores(self._restore)

    def load(self) -> Mapping[str, bytes]:
        """The documents of all locations; none in a database that is new or was emptied."""
        scope = (self._database.scope,)

        def work(db: Connection) -> tuple[dict[str, bytes], dict[str, int]]:
            bodies = db.execute("SELECT name, body::text FROM reef.book WHERE namespace = %s", scope)
            found = {name: body.encode() for name, body in bodies}
            counted = db.execute("SELECT name, generation FROM reef.generation WHERE namespace = %s", scope)
            return found, dict(counted.fetchall())

        bodies, self._generations = self._database.read(work)
        self._documents = {
            name: Document(self._generations.get(name, 0), body) for name, body in bodies.items()
        }
        return bodies

    def generation(self, name: str) -> int:
        """The highest that this location ever had, also where it was forgotten meanwhile. As of the last `load`."""
        return self._generations.get(name, 0)

    def save(self, name: str, generation: int, body: bytes) -> None:
        """Raises OlderGeneration, with nothing written, for one that is lower than what was ever saved."""
        self._database.write(lambda db: self._put(db, name, Document(generation, body)))
        self._documents[name] = Document(generation, body)
        self._generations[name] = generation

    def forget(self, name: str) -> None:
        """Its generation stays: gateways may still show it when the name comes back."""
        self._database.write(
            lambda db: db.execute(
                "DELETE FROM reef.book WHERE namespace = %s AND name = %s", (self._database.scope, name)
            )
        )
        self._documents.pop(name, None)

    def ports(self) -> bytes | None:
        row = self._database.read(
            lambda db: db.execute(
                "SELECT body::text FROM reef.ports WHERE namespace = %s", (self._database.scope,)
            ).fetchone()
        )
        self._ports = row[0].encode() if row else None
        return self._ports

    def save_ports(self, body: bytes) -> None:
        self._database.write(lambda db: db.execute(_PORTS, (self._database.scope, body.decode())))
        self._ports = body

    def _put(self, db: Connection, name: str, document: Document) -> None:
        key = (self._database.scope, name)
        row = db.execute(_COUNT, (*key, document.generation)).fetchone()
        if row is not None and row[0] > document.generation:
            raise OlderGeneration(f"{name} had generation {row[0]}, {document.generation} is older")
        db.execute(_SAVE, (*key, document.body.decode()))

    def _restore(self, db: Connection) -> None:
        for name, generation in self._generations.items():
            db.execute(_COUNT, (self._database.scope, name, generation))
        for name, document in self._documents.items():
            db.execute(_SAVE, (self._database.scope, name, document.body.decode()))
        if self._ports is not None:
            db.execute(_PORTS, (self._database.scope, self._ports.decode()))


class PostgresSnapshots:
    """Location snapshots by their digest. Blocks; thread-safe; raises as `PostgresLedger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, digest: str, content: bytes) -> None:
        self._database.write(
            lambda db: db.execute(
                "INSERT INTO reef.snapshot (namespace, digest, content) VALUES (%s, %s, %b) "
                "ON CONFLICT (namespace, digest) DO UPDATE SET stored_at = now()",
                (self._database.scope, digest, content),
            )
        )

    def get(self, digest: str) -> bytes | None:
        """None where it is not there."""
        row = self._database.read(
            lambda db: db.execute(
                "SELECT content FROM reef.snapshot WHERE namespace = %s AND digest = %s",
                (self._database.scope, digest),
                binary=True,
            ).fetchone()
        )
        return bytes(row[0]) if row else None

    def digests(self) -> set[str]:
        """Of all that are there: what is missing can be put again."""
        rows = self._database.read(
            lambda db: db.execute(
                "SELECT digest FROM reef.snapshot WHERE namespace = %s", (self._database.scope,)
            ).fetchall()
        )
        return {digest for (digest,) in rows}

    def keep(self, digests: Collection[str], fresh: str = FRESH) -> None:
        """All others go, but not what was put within `fresh`, an interval of PostgreSQL."""
        self._database.write(
            lambda db: db.execute(
                "DELETE FROM reef.snapshot WHERE namespace = %s AND NOT digest = ANY(%s) "
                "AND stored_at < now() - %s::interval",
                (self._database.scope, list(digests), fresh),
            )
        )
