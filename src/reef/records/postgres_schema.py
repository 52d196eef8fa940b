"""The schema `reef` in Dagster's own database.

Steps are only added, and each only adds, so that two releases of Reef that are neighbours work with it at once; a
release passes over steps that it does not know. JSON is kept as it was written (`json`): `jsonb` refuses a zero byte in
a string, which an error's text may have.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import psycopg

log = logging.getLogger("reef.records")

LOCK = 0x7265_6566  # of pg_advisory_xact_lock: one makes steps, others wait
_BEGIN = """
CREATE SCHEMA IF NOT EXISTS reef;
CREATE TABLE IF NOT EXISTS reef.step (number int PRIMARY KEY, done_at timestamptz NOT NULL DEFAULT now());
"""

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE reef.leader (
        namespace text PRIMARY KEY,
        token bigint NOT NULL
    );
    CREATE TABLE reef.book (
        namespace text NOT NULL,
        name text NOT NULL,
        body json NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (namespace, name)
    );
    CREATE TABLE reef.ports (
        namespace text PRIMARY KEY,
        body json NOT NULL
    );
    CREATE TABLE reef.snapshot (
        namespace text NOT NULL,
        digest text NOT NULL,
        content bytea NOT NULL,
        stored_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (namespace, digest)
    );
    ALTER TABLE reef.snapshot ALTER COLUMN content SET STORAGE EXTERNAL;
    """,
    """
    CREATE TABLE reef.origin (
        one boolean PRIMARY KEY DEFAULT true CHECK (one),
        id text NOT NULL DEFAULT md5(random()::text || clock_timestamp()::text)
    );
    INSERT INTO reef.origin DEFAULT VALUES;
    CREATE TABLE reef.generation (
        namespace text NOT NULL,
        name text NOT NULL,
        generation bigint NOT NULL,
        PRIMARY KEY (namespace, name)
    );
    """,
    """
    CREATE TABLE reef.usage (
        namespace text NOT NULL,
        span text NOT NULL,
        start bigint NOT NULL,
        seconds int NOT NULL,
        content bytea NOT NULL,
        PRIMARY KEY (namespace, span, start)
    );
    ALTER TABLE reef.usage ALTER COLUMN content SET STORAGE EXTERNAL;
    """,
)


def migrate(db: psycopg.Connection[tuple[Any, ...]], steps: Sequence[str] = STEPS) -> None:
    """In a transaction of the caller's. What is there and whole needs no right to make anything."""
    if _made(db) >= set(range(1, len(steps) + 1)):
        return
    db.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
    db.execute(_BEGIN)
    done = {number for (number,) in db.execute("SELECT number FROM reef.step").fetchall()}
    for number, step in enumerate(steps, 1):
        if number not in done:
            log.info("step %d of the schema reef is made", number)
            db.execute(step)
            db.execute("INSERT INTO reef.step (number) VALUES (%s)", (number,))


def _made(db: psycopg.Connection[tuple[Any, ...]]) -> set[int]:
    row = db.execute("SELECT to_regclass('reef.step') IS NOT NULL").fetchone()
    if not row or not row[0]:
        return set()
    return {number for (number,) in db.execute("SELECT number FROM reef.step").fetchall()}
