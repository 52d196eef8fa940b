"""Fixtures: a real code server of one repository, shared by all tests, and what was recorded of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from code_servers import SMALL, CodeServer, code_server

from deadlines import scaled
from reef.snapshots.record import Recording, record


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    """A code server of one repository; not to be harmed."""
    with code_server(tmp_path_factory.mktemp("small"), SMALL, name="small") as server:
        yield server


@pytest.fixture(scope="session")
def recording(small: CodeServer) -> Recording:
    return asyncio.run(record(small.target, scaled(60)))
