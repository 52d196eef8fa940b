"""The books in PostgreSQL, in a schema of Reef's own."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import psycopg

from reef.controller.book import Book
from reef.controller.schema import BEGIN, LOCK, STEPS
from reef.decide.cluster.ports import Ports
from reef.words import headline

log = logging.getLogger("reef.controller")

CONNECT_S = 5
STATEMENT_MS = 15_000
FRESH = "10 minutes"  # a snapshot that no book names yet
_T = TypeVar("_T")
Connection = psycopg.Connection[tuple[Any, ...]]


class DatabaseAway(OSError):
    """The database does not answer, or refuses; the text is for people and holds no password."""


class NotLeader(OSError):
    """Another controller has begun to lead: this one must not write."""


class PostgresBooks:
    """Implements `Books`. `url` is a URL of PostgreSQL, or "" where libpq's variables say where it is. `token` rises
    from leader to leader: who has an older one than the database knows cannot write."""

    def __init__(self, url: str, namespace: str, token: int) -> None:
        self._url = url
        self._namespace = namespace
        self._token = token
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._ready = False

    async def load(self) -> Mapping[str, Book]:
        rows = await self._do(
            lambda db: db.execute(
                "SELECT name, body::text FROM reef.book WHERE namespace = %s", (self._namespace,)
            ).fetchall()
        )
        return {name: msgspec.json.decode(body, type=Book) for name, body in rows}

    async def save(self, book: Book) -> None:
        body = msgspec.json.encode(book).decode()
        await self._write(
            "INSERT INTO reef.book (namespace, name, body) VALUES (%s, %s, %s) "
            "ON CONFLICT (namespace, name) DO UPDATE SET body = EXCLUDED.body, changed_at = now()",
            (self._namespace, book.name, body),
        )

    async def forget(self, name: str) -> None:
        await self._write("DELETE FROM reef.book WHERE namespace = %s AND name = %s", (self._namespace, name))

    async def ports(self) -> Ports:
        row = await self._do(
            lambda db: db.execute(
                "SELECT body::text FROM reef.ports WHERE namespace = %s", (self._namespace,)
            ).fetchone()
        )
        return msgspec.json.decode(row[0], type=Ports) if row else Ports()

    async def save_ports(self, ports: Ports) -> None:
        body = msgspec.json.encode(ports).decode()
        await self._write(
            "INSERT INTO reef.ports (namespace, body) VALUES (%s, %s) "
            "ON CONFLICT (namespace) DO UPDATE SET body = EXCLUDED.body",
            (self._namespace, body),
        )

    async def put_snapshot(self, digest: str, content: bytes) -> None:
        await self._write(
            "INSERT INTO reef.snapshot (namespace, digest, content) VALUES (%s, %s, %s) "
            "ON CONFLICT (namespace, digest) DO UPDATE SET stored_at = now()",
            (self._namespace, digest, content),
        )

    async def snapshot(self, digest: str) -> bytes | None:
        row = await self._do(
            lambda db: db.execute(
                "SELECT content FROM reef.snapshot WHERE namespace = %s AND digest = %s",
                (self._namespace, digest),
                binary=True,
            ).fetchone()
        )
        return bytes(row[0]) if row else None

    async def keep_snapshots(self, digests: set[str]) -> None:
        await self._write(
            "DELETE FROM reef.snapshot WHERE namespace = %s AND NOT digest = ANY(%s) "
            f"AND stored_at < now() - interval '{FRESH}'",
            (self._namespace, list(digests)),
        )

    async def close(self) -> None:
        await asyncio.to_thread(self._closed)

    # -- one connection, one thread at a time ------------------------------------------------------

    async def _write(self, statement: str, values: tuple[Any, ...]) -> None:
        def work(db: Connection) -> None:
            row = db.execute(
                "SELECT token FROM reef.leader WHERE namespace = %s FOR SHARE", (self._namespace,)
            ).fetchone()
            if row and row[0] > self._token:
                raise NotLeader("another controller leads by now")
            db.execute(statement, values)

        await self._do(work)

    async def _do(self, work: Callable[[Connection], _T]) -> _T:
        return await asyncio.to_thread(self._done, work)

    def _done(self, work: Callable[[Connection], _T]) -> _T:
        """Once more on a new connection where the old one has gone: all that is written may be written twice."""
        with self._lock:
            for last in (False, True):
                try:
                    db = self._connected()
                    with db.transaction():
                        return work(db)
                except psycopg.errors.UndefinedTable as error:
                    self._ready = False
                    self._drop()
                    if last:
                        raise _away(error) from None
                except psycopg.Error as error:
                    self._drop()
                    if last or not isinstance(error, psycopg.OperationalError):
                        raise _away(error) from None
        raise AssertionError("not reached")

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=CONNECT_S,
                options=f"-c statement_timeout={STATEMENT_MS}",
                application_name="reef-controller",
                keepalives_idle=10,
            )
        if not self._ready:
            self._migrate(self._connection)
            self._ready = True
        return self._connection

    def _migrate(self, db: Connection) -> None:
        with db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
            db.execute(BEGIN)
            done = {number for (number,) in db.execute("SELECT number FROM reef.step").fetchall()}
            for number, step in enumerate(STEPS, 1):
                if number not in done:
                    log.info("step %d of the schema reef is made", number)
                    db.execute(step)
                    db.execute("INSERT INTO reef.step (number) VALUES (%s)", (number,))
            db.execute(
                "INSERT INTO reef.leader (namespace, token) VALUES (%s, %s) "
                "ON CONFLICT (namespace) DO UPDATE SET token = GREATEST(reef.leader.token, EXCLUDED.token)",
                (self._namespace, self._token),
            )

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _closed(self) -> None:
        with self._lock:
            self._drop()


def _away(error: psycopg.Error) -> DatabaseAway:
    """libpq's words name host and user, never the password."""
    return DatabaseAway(headline(str(error)) or type(error).__name__)
