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

from deadlines import scaled
from reef.admin import ask_admin

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
COMPONENT = """
import json
import sqlite3
from pathlib import Path
from dagster import AssetSpec, Definitions, Model, Resolvable, StateBackedComponent, define_asset_job
from dagster.components import DefsStateConfig, DefsStateConfigArgs, ResolvedDefsStateConfig

class Tables(StateBackedComponent, Model, Resolvable):
    database: str
    defs_state: ResolvedDefsStateConfig = DefsStateConfigArgs.local_filesystem()

    @property
    def defs_state_config(self) -> DefsStateConfig:
        return DefsStateConfig.from_args(self.defs_state, default_key="tables")

    def write_state_to_path(self, state_path: Path) -> None:
        database = sqlite3.connect(self.database)
        names = [name for (name,) in database.execute("select name from tables order by name")]
        database.close()
        state_path.write_text(json.dumps(names))

    def build_defs_from_state(self, context, state_path):
        names = json.loads(state_path.read_text()) if state_path else []
        return Definitions(
            assets=[AssetSpec(name) for name in names],
            jobs=[define_asset_job(f"job_of_{name}", selection="*") for name in names],
        )
"""
PROJECT = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
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
    lines.append("  backed: {code: tabled.definitions, working_directory: backed, cwd: backed}")
    write_project(folder / "fleet" / "backed", tables)
    (folder / "fleet" / "reef.yaml").write_text("\n".join(lines) + "\n")
    return start("serve", folder / "fleet", folder / "s").until_up()


def write_project(folder: Path, tables: Tables) -> None:
    """A `dg` project with one state-backed component."""
    tables.add("backed", "first")
    files = {
        "pyproject.toml": '[tool.dg]\ndirectory_type = "project"\n[tool.dg.project]\nroot_module = "tabled"\n',
        "tabled/__init__.py": "",
        "tabled/component.py": COMPONENT,
        "tabled/definitions.py": PROJECT,
        "tabled/defs/__init__.py": "",
        "tabled/defs/tables/defs.yaml": "type: tabled.component.Tables\n"
        f"attributes:\n  database: {tables.path('backed')}\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def jobs(host: Reef, name: str) -> list[str]:
    return sorted(host.row(name)["definitions"]["jobs"])


def ask(host: Reef, do: str, name: str) -> dict[str, Any]:
    row: dict[str, Any] = asyncio.run(
        ask_admin(host.state / "admin.sock", {"do": do, "location": name}, scaled(60))
    )
    return row


def reload(host: Reef, name: str) -> None:
    """As the button in Dagster's UI does."""
    Eyes(host, name).client.reload_code(timeout=scaled(60))


def test_invariant_10_a_wake_publishes_what_the_code_says_now(host: Reef, tables: Tables) -> None:
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


def test_invariant_10_an_interval_publishes_until_it_is_unstable(host: Reef, tables: Tables) -> None:
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


def test_a_state_backed_component_is_refreshed_through_dagster(host: Reef, tables: Tables) -> None:
    """What the webserver does for the mutation `refreshComponentState`, in its order."""
    client = Eyes(host, "backed").client
    assert jobs(host, "backed") == []
    reply = client.refresh_component_state(["tables"], timeout=scaled(60))
    assert not reply.serialized_error
    assert Eyes(host, "backed").jobs() == ["job_of_first"]  # read straight after it
    probes = host.row("backed")["probes"]
    client.reload_code(timeout=scaled(60))
    assert host.row("backed")["probes"] == probes  # it has just been probed

    tables.add("backed", "second")
    reply = client.refresh_component_state(["tables"], timeout=scaled(60))
    assert not reply.serialized_error
    assert Eyes(host, "backed").jobs() == ["job_of_first", "job_of_second"]
    again = client.reload_code_with_state(reply.serialized_defs_state_info, timeout=scaled(60))
    assert not again.serialized_error
    assert again.serialized_server_id == host.row("backed")["server_id"] == Eyes(host, "backed").server_id()
    assert jobs(host, "backed") == ["job_of_first", "job_of_second"]
    assert client.refresh_component_state(["nothing"], timeout=scaled(60)).serialized_error
    assert jobs(host, "backed") == ["job_of_first", "job_of_second"]
