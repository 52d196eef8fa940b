"""A Dagster of a year ago: as webserver and daemon of a fleet, and as one location among newer ones.

`make test-all` sets REEF_TEST_OLDER_PYTHON, the interpreter that has it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from reefs import Reef, until, write_location

OLDER = os.environ.get("REEF_TEST_OLDER_PYTHON", "")
pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(not OLDER, reason="REEF_TEST_OLDER_PYTHON is not set"),
]


def fleet(folder: Path, default: str, other: str) -> Path:
    write_location(folder / "ticking", "ticking", sensor="RUNNING")
    write_location(folder / "quiet", "quiet")
    write_location(folder / "other", "other")
    spec = folder / "reef.yaml"
    spec.write_text(
        f"python: {default}\nlocations:\n  ticking: {{code: ticking/defs.py}}\n"
        f"  quiet: {{code: quiet/defs.py}}\n  other: {{code: other/defs.py, python: {other}}}\n"
    )
    return spec


def is_whole(reef: Reef) -> list[bool]:
    """All shown with their jobs, which no code server was asked for; ticks and runs. Whether `quiet` and `other` were
    forked for their runs (they may sleep soon after)."""
    shown = until(lambda: found if all((found := reef.entries()).values()) and len(found) == 3 else {})
    for name, entry in shown.items():
        (repository,) = entry["repositories"]
        jobs = {job["name"] for job in repository["jobs"]}
        assert {f"{name}_job", "slow"} <= jobs, entry
        assert len(repository["assetNodes"]) == 3
    assert (reef.row("quiet")["wakes"], reef.row("quiet")["pid"]) == (0, None)
    ticks = until(lambda: found if len(found := reef.ticks("ticking", "ticking_sensor")) >= 3 else [])
    assert {tick["status"] for tick in ticks} <= {"SKIPPED", "STARTED"}
    forked = []
    for name in ("quiet", "other"):
        assert reef.run_ends(reef.launch(name, f"{name}_job")) == "SUCCESS"
        row = reef.row(name)
        assert row["forked"] or row["not_forked_because"], row
        forked.append(row["forked"])
    return forked


def test_webserver_daemon_and_locations_of_a_year_ago(folder: Path, reefs: list[Reef]) -> None:
    reef = Reef("up", fleet(folder, OLDER, OLDER), folder / "s")
    reefs.append(reef)
    assert is_whole(reef.until_up()) == [True, True]


def test_a_location_of_a_year_ago_among_newer_ones(folder: Path, reefs: list[Reef]) -> None:
    reef = Reef("up", fleet(folder, sys.executable, OLDER), folder / "s")
    reefs.append(reef)
    is_whole(reef.until_up())
