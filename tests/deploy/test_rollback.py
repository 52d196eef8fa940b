"""Versions that can be run again: `reef rollback`, pins, and what cannot be kept.

The tests of this module share one host and follow one another; each leaves a fleet that is deployed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, until

pytestmark = pytest.mark.timeout(240)

FLEET = """
locations:
  sales: {code: sales/defs.py, env: {REGION: eu, OUT: %(out)s}}
  outside: {code: outside/defs.py}
  plain: {code: plain/defs.py}
  parts: {code: parts_pkg.definitions, working_directory: parts/src, cwd: parts}
"""
PROJECT = """
[project]
name = "parts"
version = "0.1"
[tool.dg]
directory_type = "project"
[tool.dg.project]
root_module = "parts_pkg"
"""
PARTS = """
from pathlib import Path
from dagster import definitions, load_from_defs_folder

@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""
PART = """
import json, os
from pathlib import Path
from dagster import asset

CONF = Path(__file__).parents[3] / "conf"
SETTINGS = json.loads((CONF / "settings.json").read_text())
SECRETS = (CONF / ".env.secrets").read_text()  # as a secrets loader does
NAMES = sorted(os.listdir(CONF))

@asset(name=f"part_{SETTINGS['name']}")
def part(): ...
"""
DEFS = """
import os
from pathlib import Path
from dagster import Definitions, SkipReason, asset, in_process_executor, job, op, sensor
from shared.names import NAME

HERE = Path(__file__).parent
TEXT = (HERE / "texts" / "one.txt").read_text() + open("sales/texts/two.txt").read()

@op
def tell():
    from shared import late
    data = Path("data.csv").read_text()
    Path(os.environ["OUT"]).write_text(f"{NAME} {TEXT} {late.WORD} {os.environ['REGION']} {data}")

@job
def telling():
    tell()

@job(executor_def=in_process_executor)
def told_at_once():
    tell()

@asset(name=f"made_by_{NAME}")
def thing(): ...

@sensor(job=telling)
def looking(context):
    return SkipReason(f"{NAME} {TEXT} {os.environ['REGION']}")

defs = Definitions(assets=[thing], jobs=[telling, told_at_once], sensors=[looking])
"""
OUTSIDE = """
from pathlib import Path
from dagster import Definitions
Path(__file__).parent.parent.joinpath("data.csv").read_text()
defs = Definitions()
"""
PLAIN = (
    "from dagster import Definitions, asset\n@asset\ndef one(): ...\n%s\ndefs = Definitions(assets=[one])\n"
)


def write(fleet: Path, word: str) -> None:
    (fleet / "shared" / "names.py").write_text(f"NAME = {word!r}\n")
    (fleet / "shared" / "late.py").write_text(f"WORD = 'late_{word}'\n")
    (fleet / "sales" / "texts" / "one.txt").write_text(f"one_{word}")
    (fleet / "sales" / "texts" / "two.txt").write_text(f"two_{word}")


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Path:
    fleet = folder / "fleet"
    for name in ("sales/texts", "shared", "outside", "plain"):
        (fleet / name).mkdir(parents=True)
    write(fleet, "old")
    (fleet / "data.csv").write_text("data")
    package = fleet / "parts" / "src" / "parts_pkg"
    (package / "defs").mkdir(parents=True)
    (fleet / "parts" / "pyproject.toml").write_text(PROJECT)
    (package / "__init__.py").touch()
    (package / "definitions.py").write_text(PARTS)
    (package / "defs" / "things.py").write_text(PART)
    (fleet / "parts" / "conf").mkdir()
    (fleet / "parts" / "conf" / "settings.json").write_text('{"name": "old"}')
    (fleet / "parts" / "conf" / ".env.secrets").write_text("A=b")
    (fleet / "sales" / "defs.py").write_text(DEFS)
    (fleet / "outside" / "defs.py").write_text(OUTSIDE)
    (fleet / "plain" / "defs.py").write_text(PLAIN % "")
    (fleet / "reef.yaml").write_text(FLEET % {"out": folder / "out"})
    return fleet


@pytest.fixture(scope="module")
def host(fleet: Path, folder: Path, start: Callable[..., Reef]) -> Reef:
    home = folder / "home"
    home.mkdir()
    coordinator = "{module: dagster._core.run_coordinator, class: DefaultRunCoordinator}"
    (home / "dagster.yaml").write_text(f"run_coordinator: {coordinator}\n")
    return start("up", fleet, folder / "s", "--no-daemon", "--dagster-home", str(home)).until_up()


def rollback(host: Reef, *words: str) -> tuple[int, dict[str, Any], str]:
    done = host.command("rollback", *words, "--json", check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_a_version_that_is_rolled_back_to_runs_its_own_code_settings_and_files(
    host: Reef, fleet: Path, folder: Path
) -> None:
    old = until(lambda: host.row("sales"))
    assert old["not_kept"] is None
    assert old["pinned"] is None
    (fleet / "reef.yaml").write_text((FLEET % {"out": folder / "out"}).replace("eu", "us"))
    until(lambda: host.row("sales")["server_id"] != old["server_id"])
    write(fleet, "new")
    done = host.command("deploy", "sales", "--allow-removals")
    assert "added: assets made_by_new" in done.stdout
    assert host.row("sales")["server_id"] != old["server_id"]

    status, event, stderr = rollback(host, "sales", "--to", old["version"])
    assert (status, event["state"]) == (0, "promoted"), (event, stderr)
    row = host.row("sales")
    assert row["server_id"] == old["server_id"]
    assert row["version"] == old["version"]
    assert row["pinned"].startswith("rolled back from ")
    assert "pinned: rolled back" in host.command("status").stdout
    run = host.launch("sales", "telling")
    assert host.run_ends(run) == "SUCCESS"
    assert (folder / "out").read_text() == "old one_oldtwo_old late_old eu data"
    newest = json.loads(host.command("history", "sales", "--json").stdout)[0]
    assert (newest["by"], newest["version"][:12]) == ("rollback", old["version"])


def test_a_pinned_location_stays_what_it_is_over_wakes_reloads_and_a_restart(
    host: Reef, fleet: Path, folder: Path, start: Callable[..., Reef]
) -> None:
    before = host.row("sales")
    write(fleet, "newer")
    host.command("sleep", "sales")
    host.command("wake", "sales")
    host.graphql('mutation{reloadRepositoryLocation(repositoryLocationName:"sales"){__typename}}')
    assert host.row("sales")["server_id"] == before["server_id"]
    assert host.run_ends(host.launch("sales", "told_at_once")) == "SUCCESS"
    assert (folder / "out").read_text().startswith("old ")
    host.stop()
    again = start("up", fleet, folder / "s", "--no-daemon", "--dagster-home", str(folder / "home")).until_up()
    host.__dict__.update(again.__dict__)
    row = host.row("sales")
    assert (row["server_id"], row["pinned"]) == (before["server_id"], before["pinned"])
    host.command("wake", "sales")
    assert host.row("sales")["server_id"] == before["server_id"]

    host.command("reload", "sales")
    row = host.row("sales")
    assert row["pinned"] is None
    assert row["server_id"] != before["server_id"]
    assert host.run_ends(host.launch("sales", "told_at_once")) == "SUCCESS"
    assert (folder / "out").read_text().startswith("newer ")


def test_a_chosen_version_and_mistakes(host: Reef, fleet: Path) -> None:
    entries = json.loads(host.command("history", "sales", "--json").stdout)
    oldest = entries[-1]["version"]
    status, event, _ = rollback(host, "sales", "--to", oldest[:8])
    assert (status, event["version"]) == (0, oldest)
    assert rollback(host, "sales", "--to", oldest)[1]["state"] == "unchanged"
    status, _, stderr = rollback(host, "sales", "--to", "ffff")
    assert (status, "is not kept" in stderr, "these are" in stderr) == (2, True, True), stderr
    status, _, stderr = rollback(host, "sale")
    assert (status, "did you mean sales" in stderr) == (2, True), stderr
    status, _, stderr = rollback(host, "plain")
    assert (status, "was served before" in stderr) == (2, True), stderr
    host.command("deploy", "sales", "--allow-removals")
    assert host.row("sales")["pinned"] is None


def test_a_dg_project_is_rolled_back_with_the_files_of_the_project_that_its_load_read(
    host: Reef, fleet: Path
) -> None:
    """Its pyproject.toml, which each load of a `dg` project looks for, and its settings: both lie above the package."""
    old = host.row("parts")
    assert old["not_kept"] is None, old["last_error"]
    (fleet / "parts" / "conf" / "settings.json").write_text('{"name": "new"}')
    assert "added: assets part_new" in host.command("deploy", "parts", "--allow-removals").stdout
    status, event, stderr = rollback(host, "parts")
    assert (status, event["state"]) == (0, "promoted"), (event, stderr)
    assert event["definitions"]["added"] == {"assets": ["part_old"]}
    assert host.row("parts")["version"] == old["version"]
    assert "warm" in host.command("wake", "parts").stdout
    assert host.row("parts")["last_error"] is None


def test_one_that_reads_outside_its_source_is_told_so_when_it_deploys(host: Reef, fleet: Path) -> None:
    told = f"its load read {fleet}/data.csv, which is outside its source"
    assert host.row("outside")["not_kept"] == told
    (fleet / "outside" / "defs.py").write_text(OUTSIDE + "# changed\n")
    done = host.command("deploy", "outside")
    assert f"cannot be rolled back to: {told}" in done.stdout
    status, event, stderr = rollback(host, "outside")
    assert (status, event["reason"]) == (1, told), stderr


def test_after_a_refused_deploy_no_wake_serves_what_was_refused(host: Reef, fleet: Path) -> None:
    before = host.row("plain")
    (fleet / "plain" / "defs.py").write_text("from dagster import Definitions\ndefs = Definitions()\n")
    assert host.command("deploy", "plain", check=False).returncode == 1
    assert host.row("plain")["pinned"] == "a deploy refused newer code"
    host.command("sleep", "plain")
    host.command("wake", "plain")
    row = host.row("plain")
    assert (row["server_id"], row["state"]) == (before["server_id"], "warm")
    (fleet / "plain" / "defs.py").write_text(PLAIN % "x = 1")
    host.command("deploy", "plain")
    assert host.row("plain")["pinned"] is None


def test_a_damaged_copy_is_not_run(host: Reef, fleet: Path) -> None:
    (fleet / "plain" / "defs.py").write_text(PLAIN % "x = 2  # to be damaged")
    host.command("deploy", "plain")
    (fleet / "plain" / "defs.py").write_text(PLAIN % "x = 3")
    host.command("deploy", "plain")
    (blob,) = (p for p in (host.state / "copies/blobs").glob("*/*") if b"to be damaged" in p.read_bytes())
    os.chmod(blob, 0o600)
    blob.write_bytes(blob.read_bytes().replace(b"x = 2", b"x = 9"))
    status, event, _ = rollback(host, "plain")
    assert (status, event["state"]) == (1, "refused")
    assert "is damaged" in event["reason"]
    assert host.row("plain")["pinned"] is None


def test_a_rollback_needs_the_environment_of_its_version(host: Reef, fleet: Path, folder: Path) -> None:
    venv = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python3*/site-packages")
    (site / "dev.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    before = host.row("plain")["version"]
    text = (fleet / "reef.yaml").read_text()
    (fleet / "reef.yaml").write_text(
        text.replace("{code: plain/defs.py}", f"{{code: plain/defs.py, python: {venv}}}")
    )
    until(lambda: host.row("plain")["version"] != before)
    (fleet / "plain" / "defs.py").write_text(PLAIN % "x = 4")
    host.command("deploy", "plain")
    (site / "tiny-1.0.dist-info").mkdir()
    (site / "tiny-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
    (site / "tiny-1.0.dist-info" / "RECORD").write_text("tiny.py,,\n")
    (site / "tiny.py").write_text("")
    status, event, stderr = rollback(host, "plain")
    assert (status, event["state"]) == (1, "refused"), stderr
    assert "is no longer what it was: tiny 1.0 added" in event["reason"]
