"""A module that several locations share lies beside their folders, and `working_directory: .` leads to it: what many a
`workspace.yaml` says. Its path then is `/project/./shared.py` to Python and `/project/shared.py` to the kernel.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from reefs import Reef

pytestmark = pytest.mark.timeout(120)

DEFS = """
import dagster as dg
from shared import word

defs = dg.Definitions(jobs=[dg.GraphDefinition(name=word() + "_%s").to_job()])
"""
ENTRY = "  - python_file: {relative_path: %s/defs.py, location_name: %s, working_directory: .}\n"
NAMES = ("one", "two")


def shares(folder: Path, word: str) -> None:
    (folder / "shared.py").write_text(f"def word(): return {word!r}\n")


@pytest.fixture
def fleet(folder: Path) -> Path:
    path = folder / "project"
    for name in NAMES:
        (path / name).mkdir(parents=True)
        (path / name / "defs.py").write_text(DEFS % name)
    shares(path, "old")
    (path / "workspace.yaml").write_text("load_from:\n" + "".join(ENTRY % (name, name) for name in NAMES))
    return path


def jobs(host: Reef, name: str) -> list[str]:
    return list(host.row(name)["definitions"]["jobs"])


def test_what_was_planned_is_deployed_and_can_be_rolled_back(
    fleet: Path, folder: Path, start: Callable[..., Reef]
) -> None:
    host = start("serve", fleet, folder / "s").until_up()
    assert {name: host.row(name)["not_kept"] for name in NAMES} == dict.fromkeys(NAMES)
    # no bytecode of it is there: the first load opens the file itself, later ones do not
    shares(fleet, "new")
    planned = json.loads(host.command("plan", "--json", check=False).stdout)["locations"]
    done = host.command("deploy", "--changed", "--wave", "1,100%", "--allow-removals")
    assert "cannot be rolled back" not in done.stdout
    for row in planned:
        assert row["planned_version"].startswith(host.row(row["name"])["version"])
    assert [jobs(host, name) for name in NAMES] == [["new_one"], ["new_two"]]
    for name in NAMES:
        host.command("rollback", name)
    assert [jobs(host, name) for name in NAMES] == [["old_one"], ["old_two"]]
