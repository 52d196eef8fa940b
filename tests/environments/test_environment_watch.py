"""`pip install -U` under a running fleet is noticed by a few hundred stat calls."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tiny_venvs import MakeVenv, install, run

from reef.environments import Environment, changed, changed_since, inspect, what_changed


def environment(venv: Path) -> Environment:
    found = asyncio.run(inspect(str(venv / "bin/python")))
    assert isinstance(found, Environment), found
    return found


def test_nothing_changes_by_looking(plain: Path) -> None:
    found = environment(plain)
    assert not changed_since(found)
    assert what_changed(found) == ()
    assert not asyncio.run(changed(found))


def test_an_upgrade_is_noticed_and_is_another_fingerprint(make_venv: MakeVenv, house: Path) -> None:
    venv = make_venv("upgraded", "dagster==1.0", "nsone")
    before = environment(venv)
    install(venv, house, "dagster==1.1")
    assert changed_since(before)
    assert any("dagster" in path for path in what_changed(before))
    after = environment(venv)
    assert after.dagster_version == "1.1"
    assert after.fingerprint != before.fingerprint
    assert not changed_since(after)


def test_a_reinstalled_equal_version_is_noticed_and_found_equal(make_venv: MakeVenv, house: Path) -> None:
    venv = make_venv("again", "dagster==1.0", "nsone")
    before = environment(venv)
    install(venv, house, "--reinstall", "dagster==1.0")
    assert changed_since(before)
    assert environment(venv).fingerprint == before.fingerprint


def test_an_added_distribution_and_a_removed_one(make_venv: MakeVenv, house: Path) -> None:
    venv = make_venv("grown", "dagster==1.0")
    before = environment(venv)
    install(venv, house, "nsone")
    assert changed_since(before)
    grown = environment(venv)
    run("uv", "pip", "uninstall", "-q", "--python", venv / "bin/python", "nsone")
    assert changed_since(grown)
    assert environment(venv).fingerprint == before.fingerprint


def test_an_interpreter_that_is_replaced_or_gone(make_venv: MakeVenv) -> None:
    venv = make_venv("gone", "dagster==1.0")
    before = environment(venv)
    (venv / "bin/python").rename(venv / "bin/python-moved")
    assert changed_since(before)


def test_a_new_pth_file_is_noticed(make_venv: MakeVenv) -> None:
    venv = make_venv("pth", "dagster==1.0")
    before = environment(venv)
    (Path(before.site_dirs[0]) / "new.pth").write_text("import os\n")
    assert changed_since(before)
    assert environment(venv).fingerprint != before.fingerprint
