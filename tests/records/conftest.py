"""A PostgreSQL of the tests' own, and an empty database in it for each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import postgres, url
from opening import Opens

from reef.records.postgres import Database

__all__ = ["postgres", "url"]


@pytest.fixture
def opens(url: str) -> Iterator[Opens]:
    """Opens that database as the controller does."""
    opened = list[Database]()

    def database(token: int = 1, scope: str = "reef") -> Database:
        opened.append(Database(url, scope, token))
        return opened[-1]

    yield database
    for each in opened:
        each.close()
