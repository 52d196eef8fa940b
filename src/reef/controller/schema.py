"""The schema `reef` in Dagster's own database. Steps are only added, and each only adds: two releases of Reef that are
neighbours work with it at the same time."""

from __future__ import annotations

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE reef.leader (
        namespace text PRIMARY KEY,
        token bigint NOT NULL
    );
    CREATE TABLE reef.book (
        namespace text NOT NULL,
        name text NOT NULL,
        body jsonb NOT NULL,
        changed_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (namespace, name)
    );
    CREATE TABLE reef.ports (
        namespace text PRIMARY KEY,
        body jsonb NOT NULL
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
)

BEGIN = """
CREATE SCHEMA IF NOT EXISTS reef;
CREATE TABLE IF NOT EXISTS reef.step (number int PRIMARY KEY, done_at timestamptz NOT NULL DEFAULT now());
"""
LOCK = 0x7265_6566  # of pg_advisory_xact_lock: one migrates, others wait
