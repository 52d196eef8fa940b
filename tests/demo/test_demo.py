"""The demo fleet: sixty locations of eight owners, of which fifty-nine load and one is meant not to. Then `reef demo`
whole: Dagster's page shows the fleet, sensors and schedules tick, a run launched there succeeds. One file, since the
fleet and its ten environments take half a minute to write."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from browsers import opened, picture, violations
from demos import LAUNCH, RUN, STATES, Demo, running

from deadlines import scaled
from reef.demo import DemoFleet, write_fleet
from reef.demo.catalogue import BROKEN, HUNGRY, PANDAS

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

# Loads a location as `dagster api grpc` would find it, and says what is in it.
_PROBE = """
LAUNCHED = %s
import datetime, importlib, importlib.util, json, os, sys
import dagster as dg
def load(entry):
    if "working_directory" in entry:
        sys.path.insert(0, entry["working_directory"])
        return importlib.import_module(entry["code"])
    spec = importlib.util.spec_from_file_location("definitions", entry["code"])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
def tick(repo, sensor, instance):
    context = dg.build_sensor_context(instance=instance, cursor="1", repository_def=repo)
    return sensor.evaluate_tick(context)
def ticks(repo):
    with dg.DagsterInstance.ephemeral() as instance:
        times = datetime.datetime(2026, 3, 4, 5, 30, tzinfo=datetime.timezone.utc)
        for schedule in repo.schedule_defs:
            with dg.build_schedule_context(instance=instance, scheduled_execution_time=times) as context:
                assert schedule.evaluate_tick(context).run_requests, schedule.name
        sensors = [each for each in repo.sensor_defs if each.sensor_type.name == "STANDARD"]
        said = [tick(repo, sensor, instance) for sensor in sensors]
        return len(said) == sum(bool(each.run_requests or each.skip_message) for each in said)
def runs(defs, name, refresh):
    jobs = [name + "_dry_run", *(["refresh_" + name] if refresh else [])]
    return all(defs.get_job_def(job).execute_in_process().success for job in jobs)
found = {}
for name, entry in json.load(sys.stdin).items():
    os.environ.update(entry.get("env", {}))
    try:
        defs = load(entry).defs
        repo = defs.get_repository_def()
        found[name] = {
            "assets": len(repo.asset_graph.get_all_asset_keys()),
            "checks": len(repo.asset_graph.asset_check_keys),
            "jobs": sorted(job.name for job in repo.get_all_jobs()),
            "running": sum(
                each.default_status.name == "RUNNING" for each in [*repo.sensor_defs, *repo.schedule_defs]
            ),
            "sensors": len(repo.sensor_defs), "schedules": len(repo.schedule_defs),
            "ticks": ticks(repo),
            "runs": name in LAUNCHED and runs(defs, name.replace("-", "_"), LAUNCHED[name]),
            "partitioned": any(a.partitions_def for a in repo.asset_graph.asset_nodes),
        }
    except Exception as error:
        found[name] = {"error": f"{type(error).__name__}: {error}"}
json.dump(found, sys.stdout)
"""

# One of each shape is run; those without partitions are refreshed too.
LAUNCHED = {
    "orders": False, "fraud-signals": True, "catalogue": True, "carriers": True, "reviews": True,
    "payment-matching": True, "demand-forecast": True, "fx-rates": True, "baskets": True,
}  # fmt: skip


# Six locations have two sensors, so forty ticks are of this many at least. Dagster computes for seconds to show
# the ticks of the whole fleet, so it is asked when there may be that many.
WITH_FORTY_SENSORS = 34


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("c")


def write_only(cache: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = os.environ.get("UV_CACHE_DIR") or str(Path.home() / ".cache" / "uv")
    return subprocess.run(
        [sys.executable, "-m", "reef.cli.main", "demo", "--write-only", *words],
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "UV_CACHE_DIR": kept},
        capture_output=True, text=True, timeout=scaled(200),
    )  # fmt: skip


@pytest.fixture(scope="module")
def written(cache: Path) -> subprocess.CompletedProcess[str]:
    return write_only(cache)


@pytest.fixture(scope="module")
def fleet(cache: Path, written: subprocess.CompletedProcess[str]) -> DemoFleet:
    """As it was written; again, where something could not be fetched."""
    return write_fleet(cache / "reef" / "demo", python=sys.executable)


def test_it_writes_once_and_then_uses_what_is_there(
    written: subprocess.CompletedProcess[str], cache: Path
) -> None:
    assert written.returncode == 0, written.stderr
    spec = Path(written.stdout.strip())
    assert spec.is_relative_to(cache)
    assert "written in" in written.stderr
    before = spec.read_text()
    assert len(yaml.safe_load(before)["locations"]) == 60
    spec.write_text(before + "# mine\n")
    again = write_only(cache, "--keep")
    assert again.stdout.strip() == str(spec)
    assert spec.read_text().endswith("# mine\n")
    spec.write_text(before)


@pytest.fixture(scope="module")
def loaded(fleet: DemoFleet) -> dict[str, dict]:
    spec = yaml.safe_load(fleet.spec.read_text())
    by_python: dict[str, dict] = {}
    for name, entry in spec["locations"].items():
        python = str(fleet.folder / entry.get("python", spec["python"]))
        by_python.setdefault(python, {})[name] = entry
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda item: _probe(fleet.folder, *item), by_python.items()))
    return {name: found for part in parts for name, found in part.items()}


def _probe(folder: Path, python: str, entries: dict) -> dict:
    environ = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [python, "-c", _PROBE % LAUNCHED], input=json.dumps(entries), cwd=folder, env=environ,
        capture_output=True, text=True, timeout=scaled(100),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_all_load_but_the_one_that_is_meant_not_to(loaded: dict[str, dict], fleet: DemoFleet) -> None:
    assert len(loaded) == 60
    failed = {name: found["error"] for name, found in loaded.items() if "error" in found}
    pandas_missing = {PANDAS} if fleet.warnings else set()
    assert set(failed) - pandas_missing == {BROKEN}
    assert "sap_connector" in failed[BROKEN]


def test_schedules_and_sensors_are_on(loaded: dict[str, dict]) -> None:
    for name, found in loaded.items():
        if "error" not in found:
            assert found["running"] == found["sensors"] + found["schedules"] > 0, name


def test_each_has_a_job_that_can_be_launched_at_once(loaded: dict[str, dict]) -> None:
    for name, found in loaded.items():
        if "error" not in found:
            assert f"{name.replace('-', '_')}_dry_run" in found["jobs"]


def test_every_schedule_and_sensor_ticks(loaded: dict[str, dict]) -> None:
    assert [name for name, found in loaded.items() if "error" not in found and not found["ticks"]] == []


def test_jobs_succeed(loaded: dict[str, dict], fleet: DemoFleet) -> None:
    expected = set(LAUNCHED) - ({PANDAS} if fleet.warnings else set())
    assert {name for name, found in loaded.items() if found.get("runs")} == expected


def test_the_mixture(loaded: dict[str, dict], fleet: DemoFleet) -> None:
    entries = {entry.name: entry for entry in fleet.locations}
    assert len({entry.owner for entry in entries.values()}) == 8
    assert {kind.partition(":")[0] for kind in (e.partitions for e in entries.values())} >= {
        "daily", "static", "multi",
    }  # fmt: skip
    assert sum(found.get("partitioned", False) for found in loaded.values()) >= 15
    assert sum(found.get("checks", 0) for found in loaded.values()) >= 10
    assert sum("instance" in entry.sensors for entry in entries.values()) >= 10
    assert sum("cursor" in entry.sensors for entry in entries.values()) >= 10
    sources = [path.read_text() for path in fleet.folder.glob("locations/*/*/**/*.py")]
    assert len({source.count("\n") for source in sources}) >= 20, "looks like sixty clones"


def test_environments_share_dagster_and_hold_conflicting_packages(fleet: DemoFleet) -> None:
    envs = fleet.folder / "envs"
    names = [path.parent.name for path in envs.glob("*/pyvenv.cfg")]
    assert len(names) >= 10
    servers = {
        next((envs / name).glob("lib/*/site-packages/dagster/__init__.py")).stat().st_ino for name in names
    }
    assert len(servers) == 1, "the environments should hold the same files by hard links"
    tariffs = {path.name for path in envs.glob("*/lib/*/site-packages/tariffs-*.dist-info")}
    assert len(tariffs) == 2


def test_the_hungry_one_touches_its_memory(fleet: DemoFleet) -> None:
    python = fleet.folder / "envs" / "routing" / "bin" / "python"
    code = (
        "import routing_graph; print(next(l for l in open('/proc/self/status') if 'VmRSS' in l).split()[1])"
    )
    done = subprocess.run(
        [python, "-c", code], capture_output=True, text=True, timeout=scaled(60), check=True
    )
    assert int(done.stdout) > 500 * 1024
    assert HUNGRY in {entry.name for entry in fleet.locations if entry.env == "routing"}


def test_a_second_write_keeps_what_is_there(fleet: DemoFleet) -> None:
    if fleet.warnings:
        pytest.skip("without pandas the fleet is not complete, so it is written anew")
    touched = fleet.folder / "locations" / "commerce" / "orders" / "definitions.py"
    touched.write_text(touched.read_text() + "# mine\n")
    assert write_fleet(fleet.folder, python=sys.executable).reused
    assert touched.read_text().endswith("# mine\n")


@pytest.fixture(scope="module")
def demo(fleet: DemoFleet, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with running(tmp_path_factory.mktemp("d"), cache) as started:
        yield started


@pytest.fixture(scope="module")
def shown(demo: Demo) -> dict[str, dict[str, Any]]:
    def all_loaded() -> bool:
        return "Reef serves" in demo.log.read_text()

    def all_settled() -> list[dict[str, Any]] | None:
        entries = demo.entries()
        settled = [each for each in entries if each["loadStatus"] == "LOADED" and each["locationOrLoadError"]]
        return entries if len(settled) == 60 else None

    demo.until(all_loaded, "the fleet is served", 240)
    return {each["name"]: each for each in demo.until(all_settled, "the page shows 60 locations", 240)}


def test_the_page_shows_all_and_the_error_of_one(shown: dict[str, dict[str, Any]]) -> None:
    kinds = {name: each["locationOrLoadError"]["__typename"] for name, each in shown.items()}
    assert [name for name, kind in kinds.items() if kind != "RepositoryLocation"] == [BROKEN]
    assert "sap_connector" in shown[BROKEN]["locationOrLoadError"]["message"]


def test_sensors_are_on_and_tick_without_a_failure(demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    def states() -> list[dict[str, Any]]:
        places = [each["locationOrLoadError"] for each in demo.entries(STATES)]
        repositories = [repo for place in places for repo in place.get("repositories", [])]
        return [sensor["sensorState"] for repo in repositories for sensor in repo["sensors"]]

    def done() -> list[str] | None:
        ticks = [tick for state in states() for tick in state["ticks"]]
        failed = [tick["error"]["message"] for tick in ticks if tick["status"] == "FAILURE"]
        assert failed == []
        over = [tick for tick in ticks if tick["status"] in ("SKIPPED", "SUCCESS")]
        return over if len(over) >= 40 else None

    def many_called() -> bool:
        return sum(row["calls"] > 0 for row in demo.status()["locations"]) >= WITH_FORTY_SENSORS

    demo.until(many_called, "the locations of forty sensors are called", 120, every_s=1.0)
    assert len(demo.until(done, "forty sensors have ticked", 120, every_s=3.0)) >= 40
    assert {state["status"] for state in states()} == {"RUNNING"}


def test_reefs_own_page_shows_sixty(browser: Any, demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    address = next(line.split()[-1] for line in demo.log.read_text().splitlines() if "fleet: http" in line)
    with opened(browser, address + "/") as page:
        rows = page.locator("tr[data-name]:visible")
        page.locator("[data-live-state].on").wait_for()
        assert (rows.count(), page.locator("tr.head:visible").count()) == (60, 8)
        page.locator(".c-wake", has_text="sensor tick").first.wait_for()
        page.locator("figure.chart svg").wait_for()
        assert violations(page) == []
        picture(page, "demo")
        page.get_by_role("button", name="failed").click()
        assert [row.get_attribute("data-name") for row in rows.all()] == [BROKEN]
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.get_by_text("No module named 'sap_connector'").first.wait_for()
        page.goto(f"{address}/location/carriers")
        link = page.get_by_role("link", name="jobs").get_attribute("href")
        picture(page, "demo-carriers")
    dagster = browser.new_page()
    dagster.goto(link)
    dagster.get_by_text("carriers_dry_run").first.wait_for(timeout=scaled(60) * 1000)
    dagster.close()


def test_a_run_launched_on_the_page_succeeds(demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    launched = demo.ask(LAUNCH)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess"
    run_id = launched["run"]["runId"]

    def over() -> str | None:
        status = demo.ask(RUN % run_id)["runOrError"]["status"]
        return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

    assert demo.until(over, "the run is over", 90) == "SUCCESS"


def test_ctrl_c_ends_everything_within_ten_seconds(demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    asked = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    demo.process.wait(scaled(30))
    assert time.monotonic() - asked < scaled(10)
    state = demo.log.parent / "s"
    assert not list((state / "l").iterdir())
    marked = str(state).encode()
    assert [pid for pid in os.listdir("/proc") if pid.isdigit() and marked in _command_line(pid)] == []


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
