"""`code_servers.local_startup_timeout` of the instance says how long code may take to load, in probes and in wakes, and
is named where it was too short."""

from __future__ import annotations

from pathlib import Path

import pytest
from reefs import Reef, until

from reef.beside.instance_yaml import read_instance_yaml
from reef.errors import ReefError
from reef.locations.specs import load_timeouts

pytestmark = pytest.mark.timeout(240)

DEFS = """
import time
from pathlib import Path
from dagster import *

while not Path({go!r}).exists():
    time.sleep(0.05)

@op
def nothing(): ...

@job
def embedded():
    nothing()

defs = Definitions(jobs=[embedded])
"""
SETTING = "code_servers.local_startup_timeout"


def write_home(folder: Path, seconds: int) -> Path:
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text(f"code_servers: {{local_startup_timeout: {seconds}}}\n")
    return home


def write_fleet(folder: Path, more: str = "") -> Path:
    (folder / "defs.py").write_text(DEFS.format(go=str(folder / "go")))
    path = folder / "reef.yaml"
    path.write_text(f"locations:\n  slow: {{code: defs.py{more}}}\n")
    return path


def test_the_instance_decides_in_probes_and_in_wakes(folder: Path, reefs: list[Reef]) -> None:
    home = write_home(folder, 8)
    reef = Reef("serve", write_fleet(folder), folder / "s", env={"DAGSTER_HOME": str(home)})
    reefs.append(reef)
    reef.until_up()
    said = f"within 8 s ({SETTING} of {home / 'dagster.yaml'})"
    assert said in reef.row("slow")["last_error"]
    (folder / "go").write_text("")
    reef.command("reload", "slow")
    assert reef.row("slow")["state"] == "asleep"
    (folder / "go").unlink()
    reef.command("wake", "slow", check=False)
    assert said in reef.row("slow")["last_error"]


def test_a_location_of_its_own_timeout_goes_before(folder: Path, reefs: list[Reef]) -> None:
    home = write_home(folder, 600)
    path = write_fleet(folder, ", load_timeout: 2s")
    reef = Reef("serve", path, folder / "s", "--dagster-home", str(home))
    reefs.append(reef)
    reef.until_up()
    assert "load_timeout" in reef.row("slow")["last_error"]
    path.write_text(path.read_text().replace(", load_timeout: 2s", ""))
    (folder / "go").write_text("")
    until(lambda: "the fleet changed: slow changed" in reef.said())
    reef.command("reload", "slow")
    assert reef.row("slow")["last_error"] is None


@pytest.mark.parametrize(
    ("text", "seconds", "setting"),
    [
        ("{}", 180, "Dagster's default"),
        ("code_servers:", 180, "Dagster's default"),
        ("code_servers: {reload_timeout: 5}", 180, "Dagster's default"),
        ("code_servers: {local_startup_timeout: 600}", 600, SETTING),
    ],
)
def test_what_a_dagster_yaml_says(tmp_path: Path, text: str, seconds: float, setting: str) -> None:
    (tmp_path / "dagster.yaml").write_text(text)
    found = load_timeouts(read_instance_yaml(str(tmp_path / "dagster.yaml")))
    assert found.seconds == seconds
    assert setting in found.setting


@pytest.mark.parametrize("value", ["soon", "0", "-1", "true", "1.5"])
def test_what_is_no_timeout_is_refused(tmp_path: Path, value: str) -> None:
    """Dagster refuses most of them as well."""
    (tmp_path / "dagster.yaml").write_text(f"code_servers: {{local_startup_timeout: {value}}}")
    with pytest.raises(ReefError, match=f"{SETTING} = .*must be a number of seconds above 0"):
        load_timeouts(read_instance_yaml(str(tmp_path / "dagster.yaml")))
