"""Records of `contract.py` in PostgreSQL: what is promoted, why, and the last deploy.

There is none for `KeptRecords`: a `KeptVersion` holds the values of a location's variables, which belong into no
database that others read. What a cluster needs of a version, digests and references, is in `postgres_ledger`.
"""

from __future__ import annotations

import logging
import secrets
from typing import Any

import msgspec

from reef.records.history_files import MOST
from reef.records.journal import Journal
from reef.records.postgres import Connection, Database
from reef.records.served import FORMAT, ServedRecord
from reef.words import describe

log = logging.getLogger("reef.control")


class PostgresServed:
    """Implements `ServedRecords`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, name: str) -> ServedRecord | None:
        key = (self._database.scope, name)
        row = self._database.read(
            lambda db: db.execute(
                "SELECT body::text FROM reef.served WHERE namespace = %s AND name = %s", key
            ).fetchone()
        )
        if row is None:
            return None
        try:
            record = msgspec.json.decode(row[0], type=ServedRecord)
        except msgspec.MsgspecError as error:
            log.warning("record of %s cannot be used, it is made anew: %s", name, describe(error))
            return None
        return record if record.format == FORMAT and record.location == name else None

    def save(self, record: ServedRecord) -> None:
        values = (self._database.scope, record.location, msgspec.json.encode(record).decode())
        self._database.write(
            lambda db: db.execute(
                "INSERT INTO reef.served (namespace, name, body) VALUES (%s, %s, %s) "
                "ON CONFLICT (namespace, name) DO UPDATE SET body = EXCLUDED.body",
                values,
            )
        )


class PostgresHistory:
    """Implements `HistoryRecords`; the newest entries of a location stay."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, entry: dict[str, Any]) -> None:
        values = (secrets.token_hex(16), self._database.scope, name, msgspec.json.encode(entry).decode())
        key = (self._database.scope, name)

        def work(db: Connection) -> None:
            db.execute(
                "INSERT INTO reef.history (id, namespace, name, entry) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (id) DO NOTHING",
                values,
            )
            db.execute(
                "DELETE FROM reef.history WHERE namespace = %s AND name = %s AND position <= "
                "(SELECT position FROM reef.history WHERE namespace = %s AND name = %s "
                f"ORDER BY position DESC OFFSET {MOST} LIMIT 1)",
                (*key, *key),
            )

        self._database.write(work)

    def of(self, name: str) -> list[dict[str, Any]]:
        key = (self._database.scope, name)
        rows = self._database.read(
            lambda db: db.execute(
                "SELECT entry::text FROM reef.history WHERE namespace = %s AND name = %s ORDER BY position",
                key,
            ).fetchall()
        )
        return [{"location": name, **msgspec.json.decode(entry)} for (entry,) in rows]

    def locations(self) -> list[str]:
        rows = self._database.read(
            lambda db: db.execute(
                "SELECT DISTINCT name FROM reef.history WHERE namespace = %s", (self._database.scope,)
            ).fetchall()
        )
        return sorted(name for (name,) in rows)


class PostgresJournal:
    """Implements `JournalRecords`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def last(self) -> Journal | None:
        row = self._database.read(
            lambda db: db.execute(
                "SELECT body::text FROM reef.journal WHERE namespace = %s", (self._database.scope,)
            ).fetchone()
        )
        if row is None:
            return None
        try:
            found = msgspec.json.decode(row[0], type=Journal)
        except msgspec.MsgspecError as error:
            log.warning("the journal of the last deploy cannot be used: %s", describe(error))
            return None
        if found.state == "running":
            found.state = "interrupted"
            self.write(found)
        return found

    def write(self, journal: Journal) -> None:
        values = (self._database.scope, msgspec.json.encode(journal).decode())
        self._database.write(
            lambda db: db.execute(
                "INSERT INTO reef.journal (namespace, body) VALUES (%s, %s) "
                "ON CONFLICT (namespace) DO UPDATE SET body = EXCLUDED.body",
                values,
            )
        )
