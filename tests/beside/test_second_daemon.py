"""Two daemons on one instance double every tick: Reef refuses to be the second."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from reefs import Reef, until

from deadlines import scaled
from reef.beside.other_daemon import is_fresh


@pytest.mark.parametrize(
    ("reported_at", "own_ended_at", "fresh"),
    [
        (990.0, None, True),
        (941.0, None, True),
        (939.0, None, False),  # it has missed a report
        (990.0, 995.0, False),  # Reef's own, which ended after it
        (990.0, 989.0, False),  # the same, reckoned a second late
        (990.0, 980.0, True),  # somebody has reported since
    ],
)
def test_which_report_is_another_daemons(reported_at: float, own_ended_at: float | None, fresh: bool) -> None:
    assert is_fresh(reported_at, own_ended_at, now=1000.0) is fresh


@pytest.fixture
def home(folder: Path) -> Iterator[Path]:
    """An instance to which somebody else's daemon reports."""
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    (home / "empty.yaml").write_text("load_from: []\n")
    command = [sys.executable, "-m", "dagster._daemon", "run", "-w", str(home / "empty.yaml")]
    with (home / "daemon.log").open("wb") as log:
        daemon = subprocess.Popen(
            command, stdout=log, stderr=log, cwd=home, env={**os.environ, "DAGSTER_HOME": str(home)}
        )
    try:
        until(lambda: _has_reported(home), 60.0, "for the first report")
        yield home
    finally:
        daemon.terminate()
        daemon.wait(scaled(20))


def _has_reported(home: Path) -> bool:
    import sqlite3

    try:
        with sqlite3.connect(f"file:{home}/history/runs.db?mode=ro", uri=True) as database:
            return database.execute("select count(*) from daemon_heartbeats").fetchone()[0] >= 3
    except sqlite3.OperationalError:
        return False


@pytest.mark.timeout(240)
def test_a_second_daemon_is_refused_and_reef_works_without(
    folder: Path, home: Path, workspace: Path, reefs: list[Reef]
) -> None:
    both = Reef("up", workspace, folder / "s", "--dagster-home", str(home))
    reefs.append(both)
    assert both.process.wait(scaled(90)) == 2
    said = both.said()
    assert f"a Dagster daemon reported to the instance of {str(home)!r} " in said
    assert "hint: two daemons double every tick: stop that one, or start Reef with --no-daemon" in said
    assert "Traceback" not in said

    without = Reef("up", workspace, folder / "s", "--dagster-home", str(home), "--no-daemon")
    reefs.append(without)
    without.until_up()
    assert list(without.status()["beside"]) == ["webserver"]
    until(lambda: without.entries().get("ticking"))
