"""Definitions that come from a database which the load is not seen to read: nothing of the code ever changes.

The tests of this module share one host; each has a location, and a database, of its own.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes
from reefs import Reef, until

from reef.control.admin import ask_admin

pytestmark = pytest.mark.timeout(240)

DEFS = """
import sqlite3
from dagster import Definitions, job, op

@op
def nothing(): ...

def made(name):
    @job(name=name)
    def one():
        nothing()
    return one

database = sqlite3.connect({database!r})
names = [name for (name,) in database.execute("select name from tables order by name")]
database.close()
defs = Definitions(jobs=[made(name) for name in names])
"""
REVALIDATE = {
    "woken": "on_wake",
    "timed": "every 1s",
    "asked": None,
    "second": None,
    "third": "on_wake",
    "fixed": "never",
}


class Tables:
    """What the locations' code asks; in folders that are nobody's source."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def path(self, location: str) -> Path:
        return self.folder / f"{location}.store"

    def add(self, location: str, name: str) -> None:
        with sqlite3.connect(self.path(location)) as database:
            database.execute("create table if not exists tables (name text)")
            database.execute("insert into tables values (?)", (name,))
        database.close()


@pytest.fixture(scope="module")
def tables(folder: Path) -> Tables:
    return Tables(folder / "warehouse")


@pytest.fixture(scope="module")
def host(tables: Tables, folder: Path, start: Callable[..., Reef]) -> Reef:
    lines = ["locations:"]
    for name, revalidate in REVALIDATE.items():
        tables.add(name, "first")
        path = folder / "fleet" / name / "defs.py"
        path.parent.mkdir(parents=True)
        path.write_text(DEFS.format(database=str(tables.path(name))))
        said = f", revalidate: {revalidate}" if revalidate else ""
        lines.append(f"  {name}: {{code: {name}/defs.py{said}}}")
    (folder / "fleet" / "reef.yaml").write_text("\n".join(lines) + "\n")
    return start("serve", folder / "fleet", folder / "s").until_up()


def jobs(host: Reef, name: str) -> list[str]:
    return sorted(host.row(name)["definitions"]["jobs"])


def ask(host: Reef, do: str, name: str) -> dict[str, Any]:
    row: dict[str, Any] = asyncio.run(ask_admin(host.state / "admin.sock", {"do": do, "location": name}, 60))
    return row


def reload(host: Reef, name: str) -> None:
    """As the button in Dagster's UI does."""
    Eyes(host, name).client.reload_code(timeout=60)


def test_a_wake_publishes_what_the_code_says_now(host: Reef, tables: Tables) -> None:
    before = host.row("woken")
    assert before["revalidate"] == "on_wake"
    ask(host, "wake", "woken")
    until(lambda: host.row("woken")["snapshot_age_s"] < before["snapshot_age_s"], 20, "to be looked at")
    assert host.row("woken")["server_id"] == before["server_id"]  # nothing differs: nobody reloads
    ask(host, "sleep", "woken")

    tables.add("woken", "second")
    child = ask(host, "wake", "woken")["pid"]
    until(lambda: jobs(host, "woken") == ["first", "second"], 20)
    after = host.row("woken")
    assert after["version"] == before["version"]
    assert after["server_id"] != before["server_id"]
    assert after["pid"] == child  # what it serves is what the child holds: it stays
    assert Eyes(host, "woken").jobs() == ["first", "second"]
    told = json.loads(host.command("history", "woken", "--json").stdout)[0]
    assert [why["kind"] for why in told["why"]] == ["definitions"]
    assert "recorded" in host.command("status").stdout


def test_a_reload_publishes_and_a_sweep_does_not_load_everybody(host: Reef, tables: Tables) -> None:
    for name in ("asked", "second", "third", "fixed"):
        tables.add(name, "second")
    probes = {name: host.row(name)["probes"] for name in REVALIDATE}
    reload(host, "asked")
    reload(host, "second")  # within two seconds: as reloadWorkspace does
    reload(host, "third")
    reload(host, "fixed")
    assert jobs(host, "asked") == ["first", "second"]
    assert jobs(host, "second") == ["first"]
    assert host.row("second")["probes"] == probes["second"]
    assert jobs(host, "third") == ["first", "second"]  # called dynamic: also in a sweep
    assert jobs(host, "fixed") == ["first"]
    host.command("reload", "second", "fixed")  # by name
    assert jobs(host, "second") == jobs(host, "fixed") == ["first", "second"]


def test_an_interval_publishes_until_it_is_unstable(host: Reef, tables: Tables) -> None:
    version = host.row("timed")["version"]
    for name in ("second", "third", "fourth"):
        assert not host.row("timed")["unstable"]
        tables.add("timed", name)
        until(lambda name=name: name in jobs(host, "timed"), 30, f"for {name}")  # type: ignore[misc]
    assert host.row("timed")["unstable"]
    assert host.row("timed")["version"] == version
    tables.add("timed", "zeroth")
    probes = host.row("timed")["probes"]
    until(lambda: host.row("timed")["probes"] >= probes + 2, 30, "for two more looks")
    assert "zeroth" not in jobs(host, "timed")
    assert host.row("timed")["last_error"] is None
    shown = host.command("status").stdout
    assert "unstable: its definitions change with the same code" in shown
    reload(host, "timed")  # a person is not kept waiting
    assert "zeroth" in jobs(host, "timed")
