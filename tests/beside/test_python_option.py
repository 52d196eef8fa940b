"""`--python` as people type it, and what a start says of locations that share a cause."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from lone import lone_python
from reefs import Reef, processes_mentioning, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(240)

NAMES = ("one", "two", "three", "four")
DEFS = """
import os
from dagster import *
defs = Definitions(assets=[AssetSpec(os.environ["WAREHOUSE"])])
"""


@pytest.fixture
def fleet(folder: Path) -> Path:
    path = folder / "fleet"
    path.mkdir()
    (path / "defs.py").write_text(DEFS)
    (path / "workspace.yaml").write_text(
        "load_from:\n"
        + "".join(f"- python_file: {{relative_path: defs.py, location_name: {name}}}\n" for name in NAMES)
    )
    (path / ".venv").symlink_to(sys.prefix)  # an environment as a folder in the project
    return path


@pytest.mark.parametrize("written", [".venv", "./.venv/bin/python", "../fleet/.venv"])
def test_a_path_is_relative_to_where_a_person_stands(
    folder: Path, fleet: Path, reefs: list[Reef], written: str
) -> None:
    env = {"WAREHOUSE": "dev"}
    reef = Reef("serve", Path("."), folder / "s", "--python", written, env=env, cwd=fleet)
    reefs.append(reef)
    reef.until_up()
    status = reef.status()
    assert {row["last_error"] for row in status["locations"]} == {None}
    (python,) = {zygote["python"] for zygote in until(lambda: reef.status()["zygotes"])}
    assert Path(python).samefile(sys.executable)
    assert python.endswith("/fleet/.venv/bin/python")


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("venv", "/fleet/venv does not exist"),
        ("./.venv/bin/python9", "/fleet/.venv/bin/python9 does not exist"),
        (".", "/fleet is a folder without bin/python"),
        ("defs.py", "/fleet/defs.py is not executable"),
        ("true", "did not answer as a Python interpreter does"),
        ("LONE", "has no Dagster"),
    ],
)
def test_one_that_cannot_be_used_is_one_error(
    folder: Path, fleet: Path, reefs: list[Reef], written: str, says: str
) -> None:
    if written == "LONE":
        written = lone_python(folder / "lone")
    reef = Reef("serve", fleet, folder / "s", "--python", written, cwd=fleet)
    reefs.append(reef)
    assert reef.process.wait(scaled(60)) == 2, reef.said()
    assert f'error: --python = "{written}": ' in reef.said()
    assert says in reef.said()
    assert "hint:" in reef.said()
    assert len(reef.said().splitlines()) == 2, reef.said()
    assert processes_mentioning(str(reef.state)) == {}


def test_one_cause_is_said_once_and_known_at_the_next_start(
    folder: Path, fleet: Path, reefs: list[Reef]
) -> None:
    def start(**env: str) -> str:
        reef = Reef("serve", fleet, folder / "s", cwd=fleet, env=env)
        reefs.append(reef)
        said = reef.until_up().said()
        if env:
            until(lambda: {row["last_error"] for row in reef.status()["locations"]} == {None})
        reef.stop()
        return said

    assert "4 locations do not load: KeyError: 'WAREHOUSE' (one, two, three, ...)\n" in start()
    again = start()
    assert "no reason known" not in again
    assert (
        "4 locations did not load at the last start and will be tried again: KeyError: 'WAREHOUSE'" in again
    )
    start(WAREHOUSE="dev")
    assert "not load" not in start(WAREHOUSE="dev")
