"""One fleet that most of these tests share: starting Dagster's processes is what takes their time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reefs import Reef


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: sockets' paths may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="reef-e2e-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def reefs(folder: Path) -> Iterator[list[Reef]]:
    """Hosts that a test started; whatever happens, nothing of them is left."""
    started: list[Reef] = []
    yield started
    for reef in started:
        reef.end_everything()
