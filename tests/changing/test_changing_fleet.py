"""Locations come, go, change and get other names while the real webserver and daemon go on.

The tests of this module share one host and follow one another.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, until, write_location

from reef.decide.revalidate import SWEEP_S

pytestmark = pytest.mark.timeout(300)

OTHERS = 47
PLAIN = """
from dagster import Definitions, asset

@asset(name="a_%d")
def one(): ...

defs = Definitions(assets=[one])
"""
LOADED = (
    "{workspaceOrError{... on Workspace{locationEntries{name locationOrLoadError"
    "{... on RepositoryLocation{name}}}}}}"
)
STATE = (
    "query($s: SensorSelector!){sensorOrError(sensorSelector:$s){... on Sensor{sensorState{status "
    "typeSpecificData{... on SensorData{lastCursor}}}}}}"
)


def text(names: dict[str, str], more: str = "") -> str:
    rows = "".join(f"  {name}: {{{settings}}}\n" for name, settings in names.items())
    return f"{more}locations:\n{rows}"


class Edited:
    """The fleet's file, edited as a person or a ConfigMap does it."""

    def __init__(self, path: Path, names: dict[str, str]) -> None:
        self.path, self.names = path, names

    def write(self, more: str = "") -> None:
        new = self.path.with_suffix(".new")
        new.write_text(text(self.names, more))
        os.replace(new, self.path)


@pytest.fixture(scope="module")
def edited(folder: Path) -> Edited:
    fleet = folder / "fleet"
    for name in ("ticking", "other", "later"):
        write_location(fleet / name, name, sensor="RUNNING" if name == "ticking" else "STOPPED")
    (fleet / "many").mkdir()
    names = {name: f"code: {name}/defs.py, owner: one" for name in ("ticking", "other")}
    for number in range(OTHERS):
        (fleet / "many" / f"n{number}.py").write_text(PLAIN % number)
        names[f"n{number}"] = f"code: many/n{number}.py"
    found = Edited(fleet / "reef.yaml", names)
    found.write()
    return found


@pytest.fixture(scope="module")
def reef(edited: Edited, folder: Path, start: Callable[..., Reef]) -> Reef:
    return start("up", edited.path, folder / "s").until_up()


def shown(reef: Reef) -> set[str]:
    """Names of the locations that the webserver has loaded."""
    entries = reef.graphql(LOADED)["workspaceOrError"]["locationEntries"]
    return {entry["name"] for entry in entries if entry["locationOrLoadError"]}


def probes(reef: Reef) -> dict[str, int]:
    return {row["name"]: row["probes"] for row in reef.status()["locations"]}


def sensor(reef: Reef, location: str, name: str) -> dict[str, Any]:
    selector = {
        "repositoryLocationName": location,
        "repositoryName": "__repository__",
        "sensorName": name,
    }
    found: dict[str, Any] = reef.graphql(STATE, {"s": selector})["sensorOrError"]["sensorState"]
    return found


def cursor(reef: Reef, location: str, name: str) -> int:
    return int((sensor(reef, location, name)["typeSpecificData"] or {}).get("lastCursor") or 0)


def ticks_of_both_names(reef: Reef, sensor: str) -> list[dict[str, Any]]:
    """Oldest first, from Dagster's own table: the webserver shows those of the name that it knows."""
    file = reef.state / "dagster_home" / "schedules" / "schedules.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
        rows = database.execute("select tick_body from job_ticks order by id").fetchall()
    ticks = [json.loads(body) for (body,) in rows]
    return [tick for tick in ticks if tick["job_name"] == sensor]


def is_forked(reef: Reef, name: str) -> None:
    row = reef.row(name)
    assert (row["forked"], row["not_forked_because"]) == (True, None)


def test_adding_one_of_fifty_probes_exactly_one(reef: Reef, edited: Edited) -> None:
    until(lambda: len(shown(reef)) == OTHERS + 2)
    pids = {name: one["pid"] for name, one in reef.status()["beside"].items()}
    before = probes(reef)
    edited.names["later"] = "code: later/defs.py"
    edited.write()
    until(lambda: "later" in shown(reef), what="the webserver shows it")
    after = probes(reef)
    assert after.pop("later") == 1
    assert after == before
    reef.command("wake", "later")
    is_forked(reef, "later")
    assert {name: one["pid"] for name, one in reef.status()["beside"].items()} == pids


def test_limits_and_owners_count_at_once_and_probe_nobody(reef: Reef, edited: Edited) -> None:
    before = probes(reef)
    edited.names["other"] = "code: other/defs.py, owner: two, idle_timeout: never"
    edited.write()
    until(lambda: reef.row("other")["owner"] == "two")
    assert reef.row("other")["idle_timeout_s"] is None
    assert probes(reef) == before


def test_a_setting_that_changes_what_runs_probes_that_one(reef: Reef, edited: Edited) -> None:
    before, served = probes(reef), reef.row("other")["server_id"]
    edited.names["other"] = "code: other/defs.py, owner: two, env: {NEW: value}"
    edited.write()
    until(lambda: reef.row("other")["server_id"] != served)
    after = probes(reef)
    assert after.pop("other") == before.pop("other") + 1
    assert after == before


def test_a_file_that_cannot_be_read_changes_nothing(reef: Reef, edited: Edited) -> None:
    names = {row["name"] for row in reef.status()["locations"]}
    good = edited.path.read_text()
    edited.path.write_text(good[: len(good) // 2] + "\n  half: {cod")
    error = until(lambda: reef.status()["fleet"]["error"])
    assert "reef.yaml:" in error
    assert {row["name"] for row in reef.status()["locations"]} == names
    edited.path.write_text("locations: {}\n")
    until(lambda: "lists no location any more" in (reef.status()["fleet"]["error"] or ""))
    edited.path.unlink()
    until(lambda: "reef.yaml" in (reef.status()["fleet"]["error"] or ""))
    edited.write()
    until(lambda: reef.status()["fleet"]["error"] is None)
    assert {row["name"] for row in reef.status()["locations"]} == names


def test_another_placement_moves_the_server(reef: Reef, edited: Edited) -> None:
    edited.names["later"] = "code: later/defs.py, placement: standing"
    edited.write()
    until(lambda: reef.row("later")["placement"] == "standing" and reef.row("later")["pid"])
    edited.names["later"] = "code: later/defs.py"
    edited.write()
    until(lambda: reef.row("later")["placement"] == "packed" and not reef.row("later")["draining"])
    assert reef.command("wake", "later")


def test_one_is_renamed_while_others_are_removed(reef: Reef, edited: Edited) -> None:
    until(lambda: cursor(reef, "ticking", "ticking_sensor") > 2)
    run = reef.launch("other", "slow")
    until(lambda: reef.row("other")["live_runs"])
    edited.names.pop("n0")
    edited.names.pop("other")
    settings = edited.names.pop("ticking")
    edited.names["renamed"] = f"{settings}, renamed_from: ticking"
    edited.write()
    until(lambda: "renamed" in shown(reef) and "other" not in shown(reef), what="the webserver shows it")
    assert "ticking" not in shown(reef)

    row = reef.row("other")
    assert row["leaving"]
    assert row["live_runs"]
    assert reef.run_status(run) == "STARTED"
    terminate = "mutation($r: String!){terminateRun(runId:$r){__typename}}"
    assert reef.graphql(terminate, {"r": run})["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert reef.run_ends(run) == "CANCELED"


def test_one_that_comes_back_is_served_again(reef: Reef, edited: Edited) -> None:
    edited.names["other"] = "code: other/defs.py, env: {NEW: value}"
    edited.write()
    until(lambda: "other" in shown(reef))
    assert reef.row("other")["last_error"] is None


def test_an_old_name_that_is_still_there_is_a_mistake(reef: Reef, edited: Edited) -> None:
    good = dict(edited.names)
    edited.names["later"] = "code: later/defs.py, renamed_from: other"
    edited.write()
    error = until(lambda: reef.status()["fleet"]["error"])
    assert "which is still a location of this file" in error
    edited.names = good
    edited.write()
    until(lambda: reef.status()["fleet"]["error"] is None)


def test_a_person_reloads_one_location_or_all_of_them(reef: Reef) -> None:
    """Both send ReloadCode. Definitions may have changed without the code: the one is loaded, not everybody."""
    before = probes(reef)
    reef.graphql("mutation{reloadWorkspace{__typename}}")
    swept = time.monotonic()
    after = probes(reef)
    loaded = sum(count - before[name] for name, count in after.items() if name in before)
    assert loaded <= 3  # the first; and where a busy webserver pauses for two seconds, the next one
    until(lambda: time.monotonic() - swept > SWEEP_S)
    reef.graphql('mutation{reloadRepositoryLocation(repositoryLocationName:"n3"){__typename}}')
    assert {name: count for name, count in probes(reef).items() if count != after[name]} == {
        "n3": after["n3"] + 1
    }


def test_a_renamed_sensor_goes_on_where_it_was(reef: Reef) -> None:
    """Late among these tests: the daemon looks at its workspace once a minute, and the others do not wait for it."""
    until(lambda: len(reef.ticks("renamed", "ticking_sensor")) > 2, 100, "the daemon ticks it on")
    is_forked(reef, "renamed")
    ticks = ticks_of_both_names(reef, "ticking_sensor")
    cursors = [int(tick["cursor"]) for tick in ticks if tick["cursor"]]
    assert cursors == list(range(1, cursors[-1] + 1))  # none was evaluated twice, none left out
    assert not any(tick["error"] for tick in ticks)


def test_a_removed_one_goes_once_nobody_asks_any_more(reef: Reef) -> None:
    until(lambda: "n0" not in {one["name"] for one in reef.status()["locations"]}, 100, "nobody asks")
