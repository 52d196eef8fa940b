"""One fleet that most of these tests share: starting Dagster's processes is what takes their time."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from reefs import Reef, write_location


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


def write_fleet(folder: Path) -> Path:
    """Four that load, one that does not; one ticks every second."""
    write_location(folder / "ticking", "ticking", sensor="RUNNING")
    write_location(folder / "quiet", "quiet", marker=str(folder / "slow-started"))
    write_location(folder / "third", "third")
    write_location(folder / "with space", "spaced")
    write_location(folder / "broken", "broken", before="import no_such_package")
    workspace = folder / "workspace.yaml"
    names = [("ticking", "ticking"), ("quiet", "quiet"), ("third", "third"), ("with space", "a name / with signs"),
             ("broken", "broken")]  # fmt: skip
    lines = ["load_from:"]
    for where, name in names:
        lines += [
            "- python_file:",
            f"    relative_path: {where}/defs.py",
            f"    location_name: {name!r}",
            f"    working_directory: {where}",
        ]
    workspace.write_text("\n".join(lines) + "\n")
    return workspace
