"""One connection to Dagster's own PostgreSQL, in whose schema `reef` a cluster's records are.

All of it blocks: call it in a thread. Everything that is written may be written twice: a connection that goes away
while it commits does not say whether it did.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from reef.errors import ReefError
from reef.records.postgres_schema import migrate
from reef.words import describe, headline

log = logging.getLogger("reef.records")

CONNECT_S = 5
STATEMENT_MS = 15_000
# Not as an option of the connection, which poolers refuse.
_TIMEOUT = f"SET LOCAL statement_timeout = {STATEMENT_MS}"
# What the URL says wins. A peer that has gone without a word is noticed before a leader loses its lease.
_DEFAULTS = {
    "connect_timeout": CONNECT_S,
    "application_name": "reef",
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
# Gone with the connection, or with the tables: worth one more try at once.
_AGAIN = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.UndefinedTable,
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.ReadOnlySqlTransaction,
)
_T = TypeVar("_T")
Connection = psycopg.Connection[tuple[Any, ...]]
Restore = Callable[[Connection], None]


class DatabaseAway(OSError):
    """It does not answer, or refuses. The text is for people and holds no password."""


class NotLeader(OSError):
    """Somebody with a higher token has begun to write: this process must not."""


def parameters(url: str) -> dict[str, Any]:
    """Of libpq, from a URL as Dagster has it too (`postgresql+psycopg2://…`), from `key=value` pairs, or from "": then
    libpq's own variables say where it is. Its TLS options stay. Raises ReefError, which does not repeat the URL."""
    plain = re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)
    try:
        said = conninfo_to_dict(plain)
    except psycopg.ProgrammingError:  # libpq repeats a part of it, which may be the password
        raise ReefError(
            "the database's URL is none of PostgreSQL",
            hint="it has the form postgresql://USER:PASSWORD@HOST:5432/DATABASE?sslmode=require; "
            "characters such as @ and / in a password are written %40 and %2F",
        ) from None
    return {**_DEFAULTS, **said}


class Database:
    """`scope` keeps installations apart that share a database. `token` rises from leader to leader: who has a lower one
    than the database knows of this scope can read, and no longer write."""

    def __init__(self, url: str, scope: str, token: int) -> None:
        """Connects to nothing yet. Raises ReefError for a URL that is none."""
        self._parameters = parameters(url)
        self.scope = scope
        self._token = token
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._ready = False
        self._origin: str | None = (
            None  # which database this is, by a name that it was given when it was made
        )
        self._seen: str | None = None  # the same, as of the write that is under way
        self._restores: list[Restore] = []

    def restores(self, restore: Restore) -> None:
        """Called in the first write to a database that was emptied, or replaced by another, since this process saw it,
        so that what is known here is in it again."""
        self._restores.append(restore)

    def read(self, work: Callable[[Connection], _T]) -> _T:
        """In one transaction. Raises DatabaseAway."""
        return self._done(lambda db: work(db))

    def write(self, work: Callable[[Connection], _T]) -> _T:
        """In one transaction; durable when it returns. Raises NotLeader, DatabaseAway."""
        return self._done(lambda db: self._fenced(db, work))

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _fenced(self, db: Connection, work: Callable[[Connection], _T]) -> _T:
        """Who takes over waits for this transaction, and this one sees who has."""
        row = db.execute(
            "SELECT token FROM reef.leader WHERE namespace = %s FOR SHARE", (self.scope,)
        ).fetchone()
        if row is None:
            _claim(db, self.scope, self._token)
        elif row[0] > self._token:
            raise NotLeader("another controller leads by now, so nothing is written")
        origin = self._asked_origin(db)
        if self._origin not in (None, origin):
            log.warning("the database was emptied or replaced: what is known here is written again")
            for restore in self._restores:
                restore(db)
        found = work(db)
        self._seen = origin
        return found

    def _asked_origin(self, db: Connection) -> str:
        row = db.execute("SELECT id FROM reef.origin").fetchone()
        return str(row[0]) if row else ""

    def _done(self, work: Callable[[Connection], _T]) -> _T:
        with self._lock:
            try:
                return self._tried(work)
            except _AGAIN:
                self._drop()
            except psycopg.Error as error:
                self._drop()
                raise self._away(error) from None
            try:
                return self._tried(work)
            except psycopg.Error as error:
                self._drop()
                raise self._away(error) from None

    def _tried(self, work: Callable[[Connection], _T]) -> _T:
        db = self._connected()
        self._seen = None
        with db.transaction():
            db.execute(_TIMEOUT)
            found = work(db)
        self._origin = self._seen or self._origin
        return found

    def _connected(self) -> Connection:
        if self._connection is None or self._connection.closed:
            # nothing is prepared: a pooler may give another connection to the next transaction
            self._connection = psycopg.connect(**self._parameters, autocommit=True, prepare_threshold=None)
            self._ready = False
        if not self._ready:
            with self._connection.transaction():
                self._connection.execute(_TIMEOUT)
                migrate(self._connection)
                _claim(self._connection, self.scope, self._token)
                origin = self._asked_origin(self._connection)
            self._origin = self._origin or origin
            self._ready = True
        return self._connection

    def _drop(self) -> None:
        self._ready = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _away(self, error: psycopg.Error) -> DatabaseAway:
        """libpq's words name host and user; a password only where it stands in another place than a password's."""
        said = headline(describe(error))
        secret = str(self._parameters.get("password") or "")
        return DatabaseAway(f"the database: {said.replace(secret, '***') if secret else said}")


def _claim(db: Connection, scope: str, token: int) -> None:
    db.execute(
        "INSERT INTO reef.leader (namespace, token) VALUES (%s, %s) "
        "ON CONFLICT (namespace) DO UPDATE SET token = GREATEST(reef.leader.token, EXCLUDED.token)",
        (scope, token),
    )
