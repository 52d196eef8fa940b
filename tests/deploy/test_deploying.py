"""`reef plan`, `reef deploy` and `reef history` against a host that goes on serving meanwhile.

The tests of this module share one host and follow one another; each leaves a fleet that is deployed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(240)

FLEET = """
locations:
  sales: {code: sales/defs.py, env: {REGION: eu}}
  stock: {code: stock/defs.py}
  alone: {code: alone/defs.py}
"""
DEFS = """
import shared.names
from dagster import Definitions, SkipReason, job, op, sensor, asset, ScheduleDefinition

@op
def nothing(): ...

def made(name):
    @job(name=name)
    def one():
        nothing()
    return one

@asset
def thing(): ...

jobs = [made(name) for name in shared.names.JOBS]

@sensor(job=jobs[0])
def looking(context):
    return SkipReason("nothing")

defs = Definitions(
    assets=[thing], jobs=jobs, sensors=[looking],
    schedules=[ScheduleDefinition(job=jobs[0], cron_schedule="0 0 * * *", name="nightly")],
)
"""
SHARED = "JOBS = ['first', 'second']\n"


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Path:
    for name in ("sales", "stock", "alone"):
        (folder / "fleet" / name).mkdir(parents=True)
        text = (
            DEFS
            if name != "alone"
            else DEFS.replace("import shared.names", "").replace("shared.names.JOBS", "['only']")
        )
        (folder / "fleet" / name / "defs.py").write_text(text)
    (folder / "fleet" / "shared").mkdir()
    (folder / "fleet" / "shared" / "names.py").write_text(SHARED)
    (folder / "fleet" / "reef.yaml").write_text(FLEET)
    return folder / "fleet"


@pytest.fixture(scope="module")
def host(fleet: Path, folder: Path, start: Callable[..., Reef]) -> Reef:
    return start("serve", fleet, folder / "s").until_up()


def plan(host: Reef) -> tuple[int, dict[str, Any], str]:
    """Exit status, what JSON said by location, what people read."""
    done = host.command("plan", "--json", check=False)
    rows = {one["name"]: one for one in json.loads(done.stdout)["locations"]}
    shown = host.command("plan", check=False)
    assert shown.returncode == done.returncode
    return done.returncode, rows, shown.stdout


def deploy(host: Reef, *words: str) -> tuple[int, dict[str, Any], str]:
    done = host.command("deploy", *words, "--json", check=False)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def test_nothing_to_do(host: Reef) -> None:
    status, rows, shown = plan(host)
    assert status == 0, shown
    assert not any(row["touched"] for row in rows.values())
    assert "0 of 3 locations change" in shown
    status, said, _ = deploy(host, "--changed")
    assert (status, said["results"]) == (0, {})


def test_a_changed_shared_library_touches_those_that_import_it(host: Reef, fleet: Path) -> None:
    ids = {row["name"]: row["server_id"] for row in host.status()["locations"]}
    (fleet / "shared" / "names.py").write_text("JOBS = ['first', 'second', 'third']\n")
    status, rows, shown = plan(host)
    assert status == 2
    assert {name for name, row in rows.items() if row["touched"]} == {"sales", "stock"}
    (why,) = rows["sales"]["reasons"]
    assert (why["kind"], why["text"], why["path"]) == ("source", "changed", str(fleet / "shared/names.py"))
    assert rows["sales"]["served_version"] != rows["sales"]["planned_version"]
    assert "shared/names.py: changed" in shown
    assert {
        row["name"]: row["server_id"] for row in host.status()["locations"]
    } == ids  # a plan changes nothing

    done = host.command("deploy", "--changed")
    assert "sales: probing" in done.stdout
    assert "added: jobs third" in done.stdout
    assert "2 promoted in" in done.stdout
    after = {row["name"]: row for row in host.status()["locations"]}
    assert after["alone"]["server_id"] == ids["alone"]
    assert after["alone"]["probes"] == 1
    for name in ("sales", "stock"):
        assert after[name]["server_id"] != ids[name]
        assert after[name]["version"] == rows[name]["planned_version"][:12]
    assert plan(host)[0] == 0


def test_the_history_says_when_why_and_what(host: Reef, fleet: Path) -> None:
    newest, first = json.loads(host.command("history", "sales", "--json").stdout)
    assert first["why"][0]["kind"] == "new"
    assert newest["before"] == first["version"]
    assert newest["time"] > first["time"]
    assert newest["definitions"] == {"added": {"jobs": ["third"]}, "removed": {}, "changed": {}}
    assert newest["why"][0]["path"] == str(fleet / "shared/names.py")
    shown = host.command("history", "sales").stdout
    assert f"by deploy {newest['by']}" in shown
    assert "added: jobs third" in shown
    mistaken = host.command("history", "sale", check=False)
    assert (mistaken.returncode, "did you mean sales" in mistaken.stderr) == (2, True), mistaken.stderr


def test_a_version_that_loses_definitions_is_refused(host: Reef, fleet: Path) -> None:
    before = host.row("stock")["server_id"]
    text = (fleet / "stock" / "defs.py").read_text()
    (fleet / "stock" / "defs.py").write_text(text.replace("sensors=[looking],", "").replace("0 0 *", "1 0 *"))
    status, said, stderr = deploy(host, "stock")
    assert (status, said["refused"]) == (1, ["stock"])
    assert "--allow-removals" in stderr
    result = said["results"]["stock"]
    assert result["reason"] == "it would remove sensors looking"
    assert result["definitions"]["removed"] == {"sensors": ["looking"]}
    assert result["definitions"]["changed"] == {"schedules": ["nightly"]}
    assert host.row("stock")["server_id"] == before

    status, said, _ = deploy(host, "stock", "--allow-removals")
    assert (status, said["results"]["stock"]["state"]) == (0, "promoted")
    assert host.row("stock")["server_id"] != before
    assert host.row("stock")["definitions"]["sensors"] == []


def test_one_that_does_not_load_is_refused_while_the_others_are_promoted(host: Reef, fleet: Path) -> None:
    good = (fleet / "alone" / "defs.py").read_text()
    before = host.row("alone")["server_id"]
    (fleet / "alone" / "defs.py").write_text("import no_such_package")
    (fleet / "shared" / "names.py").write_text("# touched\nJOBS = ['first', 'second', 'third']\n")
    done = host.command("deploy", "--changed", check=False)
    assert done.returncode == 1
    assert "alone: refused: " in done.stdout
    assert "2 promoted, 1 refused" in done.stdout
    assert "error: not deployed: alone" in done.stderr
    assert host.row("alone")["server_id"] == before
    (fleet / "alone" / "defs.py").write_text(good)
    assert plan(host)[0] == 0


def test_with_promote_on_deploy_a_changed_setting_is_named_and_waits(host: Reef, fleet: Path) -> None:
    explicit = "promote: on_deploy\n" + FLEET
    (fleet / "reef.yaml").write_text(explicit)
    until(lambda: all(row["pinned"] for row in host.status()["locations"]))
    (fleet / "reef.yaml").write_text(
        explicit.replace("eu", "antarctica") + "  fresh: {code: alone/defs.py}\n"
    )
    host.command("deploy", "fresh")  # it is there at once
    until(lambda: host.row("fresh")["pinned"])
    _, rows, _ = plan(host)
    assert {
        name: [why["text"] for why in row["reasons"]] for name, row in rows.items() if row["touched"]
    } == {"sales": ["setting env.REGION changed"]}
    assert (
        "antarctica"
        not in (host.state / "served").joinpath(next((host.state / "served").iterdir()).name).read_text()
    )
    status, said, _ = deploy(host, "--changed")
    assert (status, set(said["results"])) == (0, {"sales"})
    child = until(lambda: host.command("wake", "sales") and host.row("sales")["pid"])
    assert b"REGION=antarctica" in Path(f"/proc/{child}/environ").read_bytes() or host.row("sales")["forked"]
    (fleet / "reef.yaml").write_text(FLEET.replace("eu", "antarctica"))
    until(lambda: "by `reef deploy` only" not in str([row["pinned"] for row in host.status()["locations"]]))
    until(lambda: "fresh" not in {row["name"] for row in host.status()["locations"] if not row["leaving"]})
    assert plan(host)[0] == 0


def test_mistakes(host: Reef, fleet: Path, tmp_path: Path) -> None:
    done = host.command("deploy", "sale", check=False)
    assert (done.returncode, "did you mean sales" in done.stderr) == (2, True), done.stderr
    for words in ([], ["sales", "--all"], ["--changed", "--all"]):
        assert host.command("deploy", *words, check=False).returncode == 2
    good = (fleet / "reef.yaml").read_text()
    (fleet / "reef.yaml").write_text("locations: {sales: {cod: x}}")
    assert host.command("plan", check=False).returncode == 1
    done = host.command("deploy", "--all", check=False)
    assert (done.returncode, "reef.yaml" in done.stderr) == (2, True), done.stderr
    (fleet / "reef.yaml").write_text(good)
    nobody = subprocess.run(
        [sys.executable, "-m", "reef.cli.main", "plan", "--state-dir", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert (nobody.returncode, "no Reef host answers" in nobody.stderr) == (1, True)


def test_a_warm_location_is_drained_and_a_deploy_during_a_deploy_is_refused(host: Reef, fleet: Path) -> None:
    host.command("wake", "alone")
    old = host.row("alone")["pid"]
    gate = fleet / "go"
    text = (fleet / "alone" / "defs.py").read_text()
    waiting = f"import os, time\nwhile not os.path.exists({str(gate)!r}): time.sleep(0.02)\n"
    (fleet / "alone" / "defs.py").write_text(waiting + text)
    first = subprocess.Popen(
        [sys.executable, "-m", "reef.cli.main", "deploy", "alone", "--state-dir", str(host.state)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert first.stdout is not None
    assert first.stdout.readline() == "alone: probing\n"
    second = host.command("deploy", "stock", check=False)
    assert second.returncode == 1
    assert "has been under way for" in second.stderr
    assert host.row("alone")["pid"] == old  # serves on
    gate.touch()
    assert "alone: promoted" in first.communicate(timeout=scaled(60))[0]
    until(lambda: host.row("alone")["pid"] != old and not host.row("alone")["draining"])


def test_the_next_version_of_one_that_takes_long_to_start_is_warm_before_it_is_called(
    host: Reef, fleet: Path
) -> None:
    text = (fleet / "stock" / "defs.py").read_text()
    (fleet / "stock" / "defs.py").write_text(f"import time\ntime.sleep(2.5)\n{text}")
    assert deploy(host, "stock")[0] == 0
    assert "warm" in host.command("wake", "stock").stdout
    before = host.row("stock")
    (fleet / "stock" / "defs.py").write_text(f"import time\ntime.sleep(2.5)\n{text}\n# next\n")
    assert deploy(host, "stock")[0] == 0
    after = until(lambda: row if (row := host.row("stock"))["state"] == "warm" else None)
    assert (after["calls"], after["wakes"]) == (before["calls"], before["wakes"] + 1)
    assert after["pid"] != before["pid"]
    (fleet / "stock" / "defs.py").write_text(text)
    assert deploy(host, "stock")[0] == 0


def test_a_host_that_ends_during_a_deploy_leaves_it_told_and_given_up(
    host: Reef, fleet: Path, folder: Path, start: Callable[..., Reef]
) -> None:
    (fleet / "go").unlink()
    deploying = subprocess.Popen(
        [sys.executable, "-m", "reef.cli.main", "deploy", "--all", "--state-dir", str(host.state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    journal = host.state / "deploy.json"
    until(lambda: {"sales", "stock"} <= json.loads(journal.read_text())["done"].keys())
    served = {row["name"]: row["server_id"] for row in host.status()["locations"] if not row["leaving"]}
    host.kill()
    _, stderr = deploying.communicate(timeout=scaled(60))
    assert (deploying.returncode, "Traceback" in stderr) == (2, False), stderr
    (fleet / "go").touch()
    again = start("serve", fleet, folder / "s").until_up()
    assert json.loads(journal.read_text())["state"] == "interrupted"
    assert {row["name"]: row["server_id"] for row in again.status()["locations"]} == served
    status, said, stderr = deploy(again, "--changed")
    assert (status, set(said["interrupted"]["done"])) == (0, {"sales", "stock"})
    assert "was cut off when its host ended: 2 of 3 locations done" in stderr
    assert deploy(again, "--changed")[1]["interrupted"] is None
