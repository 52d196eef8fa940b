"""A dg project's `.env` that is written, changed or removed while Reef runs: Reload, `reef reload`, wakes, `--watch`
and `reef deploy` load the code with it, as Dagster does at each Reload.

The tests of a host follow one another.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from reefs import Reef, until
from shared_hosts import Start

pytestmark = pytest.mark.timeout(240)

DEFS = """
import os
from dagster import *

@op
def nothing(): ...

@job(name=os.environ.get("GREETING", "unset"))
def greeting():
    nothing()

defs = Definitions(jobs=[greeting])
"""


class Workspace:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(
            "dg.toml",
            'directory_type = "workspace"\n[workspace]\nprojects = [{path = "one"}, {path = "two"}]\n',
        )
        for name in ("one", "two"):
            self.write(
                f"{name}/dg.toml", f'directory_type = "project"\n[project]\nroot_module = "{name}_code"\n'
            )
            self.write(f"{name}/src/{name}_code/__init__.py", "")
            self.write(f"{name}/src/{name}_code/definitions.py", DEFS)

    def write(self, path: str, text: str) -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def greet(self, project: str, word: str) -> None:
        self.write(f"{project}/.env", f"GREETING={word}\n")


@pytest.fixture(scope="module")
def up(folder: Path, start: Start) -> tuple[Workspace, Reef]:
    fleet = Workspace(folder / "up")
    reef = start("up", fleet.folder, folder / "su", "--no-daemon").until_up()
    until(lambda: {"one", "two"} == reef.entries().keys())
    return fleet, reef


def jobs(reef: Reef, name: str) -> list[str]:
    found = reef.row(name)["definitions"]["jobs"]
    assert isinstance(found, (list, dict))
    return [job for job in found if job != "__ASSET_JOB"]


def press_reload(reef: Reef, name: str) -> list[str]:
    """As the button; the jobs that the page shows afterwards."""
    query = "mutation($n: String!){reloadRepositoryLocation(repositoryLocationName: $n){__typename}}"
    reef.graphql(query, {"n": name})
    found = [job["name"] for one in reef.entries()[name]["repositories"] for job in one["jobs"]]
    return [job for job in found if job != "__ASSET_JOB"]


def test_reload_loads_with_a_file_that_was_written_just_before(up: tuple[Workspace, Reef]) -> None:
    fleet, reef = up
    assert jobs(reef, "one") == ["unset"]
    fleet.greet("one", "hello")
    assert press_reload(reef, "one") == ["hello"]
    fleet.greet("one", "good_day")
    assert press_reload(reef, "one") == ["good_day"]
    os.unlink(fleet.folder / "one" / ".env")
    assert press_reload(reef, "one") == ["unset"]


def test_reef_reload_does_too(up: tuple[Workspace, Reef]) -> None:
    fleet, reef = up
    for word in ("moin", "servus"):
        fleet.greet("one", word)
        before = reef.row("one")["probes"]
        reef.command("reload", "one")
        assert jobs(reef, "one") == [word]
        assert reef.row("one")["probes"] == before + 1  # it is loaded once, not once more for its name


def test_a_wake_does_too(up: tuple[Workspace, Reef]) -> None:
    fleet, reef = up
    reef.command("sleep", "two")
    fleet.greet("two", "woken")
    reef.command("wake", "two")
    assert jobs(reef, "two") == ["woken"]
    assert jobs(reef, "one") == ["servus"]


def test_a_deploy_does_and_what_is_written_after_it_is_noticed(up: tuple[Workspace, Reef]) -> None:
    fleet, reef = up
    os.unlink(fleet.folder / "two" / ".env")
    until(lambda: jobs(reef, "two") == ["unset"])
    fleet.greet("two", "deployed")
    reef.command("deploy", "two", "--allow-removals")
    assert jobs(reef, "two") == ["deployed"]
    fleet.greet("two", "afterwards")
    assert press_reload(reef, "two") == ["afterwards"]
    fleet.greet("two", "by_itself")
    until(lambda: jobs(reef, "two") == ["by_itself"], what="for the file to be noticed")


def test_a_half_written_file_changes_nothing(up: tuple[Workspace, Reef]) -> None:
    fleet, reef = up
    fleet.write("two/.env", "GREETING='half")
    reef.command("reload", "two")
    assert jobs(reef, "two") == ["by_itself"]
    assert ".env:1: is not NAME=VALUE" in reef.row("two")["last_error"]
    fleet.greet("two", "whole")
    until(lambda: jobs(reef, "two") == ["whole"])


def test_watch_follows_a_file_that_comes_and_goes(folder: Path, start: Start) -> None:
    fleet = Workspace(folder / "watched")
    reef = start("serve", fleet.folder, folder / "sw", "--watch").until_up()
    until(lambda: reef.status()["watch"]["ready"])
    for word in ("first", "second"):
        fleet.greet("two", word)
        until(lambda word=word: jobs(reef, "two") == [word], what=f"for {word}")
    os.unlink(fleet.folder / "two" / ".env")
    until(lambda: jobs(reef, "two") == ["unset"])
    assert jobs(reef, "one") == ["unset"]


def test_where_code_waits_for_a_deploy_variables_do_until_reef_reload(folder: Path, start: Start) -> None:
    fleet = folder / "waiting"
    fleet.mkdir()
    (fleet / "defs.py").write_text(DEFS)
    (fleet / "one.env").write_text("GREETING=before\n")
    spec = fleet / "reef.yaml"
    spec.write_text("promote: on_deploy\nlocations:\n  one: {code: defs.py, env_file: one.env}\n")
    reef = start("serve", spec, folder / "sd").until_up()
    until(lambda: reef.row("one")["pinned"])
    (fleet / "one.env").write_text("GREETING=after\n")
    until(lambda: "the fleet changed: one changed" in reef.said())
    reef.command("wake", "one")
    assert jobs(reef, "one") == ["before"]
    reef.command("reload", "one")
    assert jobs(reef, "one") == ["after"]
