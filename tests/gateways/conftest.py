"""Tests of gateway processes, over fake clusters, with real certificates and a real code server."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deadlines import scaled

sys.path.insert(0, str(Path(__file__).parents[1] / "wire"))
sys.path.insert(0, str(Path(__file__).parents[1] / "trust"))

from code_servers import SMALL, CodeServer, code_server

from reef.snapshots.record import Recording, record


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CodeServer]:
    """A code server of one repository; not to be harmed."""
    with code_server(tmp_path_factory.mktemp("small"), SMALL, name="small") as server:
        yield server


@pytest.fixture(scope="session")
def recording(small: CodeServer) -> Recording:
    return asyncio.run(record(small.target, scaled(60)))
