"""Webserver, daemon and instance beside a host; the harness is that of the end-to-end tests."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "e2e"))

from reefs import Reef, until, write_location

from postgres import Postgres


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: sockets' paths may have 107 bytes."""
    path = Path(tempfile.mkdtemp(prefix="reef-b-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def reefs() -> Iterator[list[Reef]]:
    """Hosts that a test started; whatever happens, nothing of them is left."""
    started: list[Reef] = []
    yield started
    for reef in started:
        reef.end_everything()


@pytest.fixture
def workspace(folder: Path) -> Path:
    """One location whose sensor ticks every second."""
    write_location(folder / "ticking", "ticking", sensor="RUNNING")
    path = folder / "workspace.yaml"
    path.write_text(
        "load_from:\n- python_file: {relative_path: ticking/defs.py, location_name: ticking}\n", "utf-8"
    )
    return path


@pytest.fixture
def postgres(folder: Path) -> Iterator[Postgres]:
    server = Postgres(folder / "pg")
    try:
        until(server.answers, 30.0, "for PostgreSQL")
        yield server
    finally:
        server.stop()
