"""A deploy as its users see it, which should be: not at all. The real webserver and daemon, real runs, and a budget of
memory so small that every location that is idle for a moment is put to sleep.

The tests of this module share one host and follow one another.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eyes import Eyes
from reefs import Reef, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(240)

LONGER_THAN_ANY_GRACE_S = 5.0
SOURCE = """
import json, os, time
from pathlib import Path
from dagster import *
{before}
HERE = Path({folder!r})

def wait_for(name):
    with (HERE / f"{{name}}.began").open("a") as file: file.write(f"{{os.getpid()}}\\n")
    deadline = time.monotonic() + 600
    while not (HERE / f"{{name}}.go").exists() and time.monotonic() < deadline: time.sleep(0.02)

@op
def wait():
    wait_for("run")

@job(executor_def=in_process_executor)
def waiting():
    wait()

@op
def quick_op(): ...

@job(executor_def=in_process_executor)
def {job}():
    quick_op()

@sensor(job={job}, minimum_interval_seconds=1, default_status=DefaultSensorStatus.{status})
def tell(context):
    if (HERE / "slow").exists() or context.cursor == "slow":
        wait_for("tick")
    return SkipReason(json.dumps({{"pid": os.getpid(), "job": "{job}"}}))

defs = Definitions(jobs=[waiting, {job}], sensors=[tell])
"""
FLEET = """
memory_budget: 1Mi
locations:
  ticking: {code: ticking/defs.py}
  called: {code: called/defs.py}
  dbt: {code: dbt/defs.py}
"""
DBT = """
import os
from pathlib import Path
from dagster import Definitions, asset

class DagsterDbtManifestNotFoundError(Exception): ...

manifest = Path(__file__).with_name("manifest.json")
if os.environ.get("DAGSTER_IS_DEV_CLI"):
    manifest.write_text("{}")
if not manifest.exists():
    raise DagsterDbtManifestNotFoundError("manifest.json does not exist")

@asset
def model(): ...

defs = Definitions([model])
"""  # what dagster-dbt's `prepare_if_dev` comes to, without its 200 MB


def write(folder: Path, name: str, job: str, before: str = "") -> None:
    (folder / name).mkdir(exist_ok=True)
    status = "RUNNING" if name == "ticking" else "STOPPED"
    text = SOURCE.format(folder=str(folder / name), job=job, status=status, before=before)
    (folder / name / "defs.py").write_text(text)


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef]) -> Reef:
    for name in ("ticking", "called"):
        write(folder, name, "first")
    (folder / "dbt").mkdir()
    (folder / "dbt" / "defs.py").write_text(DBT)
    (folder / ".gitignore").write_text("*.began\n*.go\nslow\n")
    (folder / "reef.yaml").write_text(FLEET)
    reef = start("up", folder / "reef.yaml", folder / "s").until_up()
    until(lambda: len(found := reef.entries()) == 3 and all(found.values()))
    return reef


@pytest.fixture(scope="module")
def side() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as pool:
        yield pool


def began(folder: Path, what: str) -> int:
    """The process in which it is under way."""
    file = folder / f"{what}.began"
    return int(until(lambda: file.exists() and file.read_text().split(), what=f"for the {what}")[-1])


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def shown(reef: Reef, name: str) -> list[str]:
    """Jobs that the webserver shows."""
    entry = reef.entries().get(name) or {}
    return [job["name"] for repository in entry.get("repositories", []) for job in repository["jobs"]]


class Looks(threading.Thread):
    """Somebody who looks at the webserver all the time; what he should not see is kept."""

    def __init__(self, reef: Reef) -> None:
        super().__init__(daemon=True)
        self.reef, self.bad, self.over = reef, list[Any](), threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            entries = self.reef.entries()
            self.bad += [
                (name, entry)
                for name, entry in entries.items()
                if (entry or {}).get("__typename") != "RepositoryLocation"
            ]

    def __enter__(self) -> Looks:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.join(scaled(10))


def test_what_only_a_load_by_dagster_dev_would_make_is_made_once(reef: Reef, folder: Path) -> None:
    """`reef up` stands where `dagster dev` stood; the servers themselves are those of production."""
    assert (folder / "dbt" / "manifest.json").exists()
    assert (reef.entries()["dbt"]["__typename"], reef.row("dbt")["last_error"]) == (
        "RepositoryLocation",
        None,
    )
    assert "warm" in reef.command("wake", "dbt").stdout


def test_a_sensor_tick_that_outlasts_the_deploy_of_its_location_does_not_fail(
    reef: Reef, folder: Path
) -> None:
    (folder / "ticking" / "slow").touch()
    old = began(folder / "ticking", "tick")
    write(folder, "ticking", "second")
    with Looks(reef) as looks:
        assert "promoted" in reef.command("deploy", "ticking", "--allow-removals").stdout
        (folder / "ticking" / "slow").unlink()
        until(lambda: "second" in shown(reef, "ticking"), what="for the webserver to show it")
        promoted = time.monotonic()
        until(lambda: time.monotonic() - promoted > LONGER_THAN_ANY_GRACE_S)
        assert alive(old), "the tick was cut"
        assert reef.ticks("ticking", "tell")[0]["status"] == "STARTED"
        (folder / "ticking" / "tick.go").touch()
        until(lambda: not alive(old), what="for the old child to be drained")
        ticks = until(lambda: (found := reef.ticks("ticking", "tell"))[0]["status"] == "SKIPPED" and found)
        assert {tick["status"] for tick in ticks} <= {"SKIPPED", "STARTED"}, ticks
        assert [tick["error"] for tick in ticks if tick["error"]] == []
    assert looks.bad == []


def test_a_long_tick_outlasts_whatever_would_end_its_server(
    reef: Reef, folder: Path, side: ThreadPoolExecutor
) -> None:
    """`reef sleep`, a client's ShutdownServer, a Reload, `reef reload`, the memory budget, a second deploy."""
    eyes, here = Eyes(reef, "called"), folder / "called"
    call = side.submit(eyes.tick, cursor="slow", timeout=50)
    old = began(here, "tick")
    assert "not idle" in reef.command("sleep", "called").stdout
    eyes.client.shutdown_server()
    eyes.client.reload_code(timeout=scaled(30))
    assert "nothing changed" in reef.command("reload", "called").stdout
    write(folder, "called", "second")
    eyes.client.reload_code(timeout=scaled(60))
    assert "second" in eyes.jobs()
    write(folder, "called", "third")
    reef.command("deploy", "called", "--allow-removals")
    done = time.monotonic()
    until(lambda: time.monotonic() - done > LONGER_THAN_ANY_GRACE_S)
    assert alive(old), "the tick was cut"
    assert eyes.tick()["job"] == "third"  # others are served by the new one meanwhile
    (here / "tick.go").touch()
    assert call.result(scaled(50)) == {"pid": old, "job": "first"}
    until(lambda: not alive(old), what="for the old child to end")
    assert not reef.row("called")["draining"]
    (here / "tick.go").unlink()
    (here / "tick.began").unlink()


def test_calls_that_wait_for_a_location_to_wake_are_answered_by_what_is_served_then(
    reef: Reef, folder: Path, side: ThreadPoolExecutor
) -> None:
    """The code changed while it slept: nobody is answered by the old version, and nobody fails."""
    until(lambda: reef.row("called")["pid"] is None, what="for the budget to put it to sleep")
    write(folder, "called", "fourth", before="time.sleep(1)")
    eyes = [Eyes(reef, "called") for _ in range(6)]
    calls = [side.submit(one.tick) for one in eyes]
    assert {call.result(scaled(60))["job"] for call in calls} == {"fourth"}


def test_a_run_that_began_before_a_deploy_is_seen_and_can_be_terminated_after_it(
    reef: Reef, folder: Path
) -> None:
    here = folder / "called"
    run_id = reef.launch("called", "waiting")
    began(here, "run")
    old = reef.row("called")["pid"]
    write(folder, "called", "fifth")
    reef.command("deploy", "called", "--allow-removals")
    row = reef.row("called")
    assert row["live_runs"] == [run_id]
    assert row["draining"] == 1
    assert run_id in str(Eyes(reef, "called").client.get_current_runs())
    assert reef.run_status(run_id) == "STARTED"
    until(lambda: "fifth" in shown(reef, "called"), what="for the webserver to show it")
    quick = reef.launch("called", "fifth")  # runs of the new version beside it
    assert reef.run_ends(quick) == "SUCCESS"
    mutation = "mutation($r: String!){terminateRun(runId: $r){__typename ... on PythonError{message}}}"
    answer = reef.graphql(mutation, {"r": run_id})["terminateRun"]
    assert answer["__typename"] == "TerminateRunSuccess", answer
    assert reef.run_ends(run_id) == "CANCELED"
    until(lambda: not alive(old), what="for the old child to end with its last run")


def test_a_run_that_began_before_two_deploys_and_a_crash_of_its_server_still_ends_well(
    reef: Reef, folder: Path
) -> None:
    here = folder / "called"
    (here / "run.began").unlink()
    run_id = reef.launch("called", "waiting")
    began(here, "run")
    old = reef.row("called")["pid"]
    for job in ("sixth", "seventh"):
        write(folder, "called", job)
        reef.command("deploy", "called", "--allow-removals")
    os.kill(old, 9)  # the server that started it
    until(lambda: not alive(old))
    assert reef.run_status(run_id) == "STARTED"
    (here / "run.go").touch()
    assert reef.run_ends(run_id) == "SUCCESS"


def test_a_new_version_that_takes_long_to_load_is_not_waited_for_by_anybody(
    reef: Reef, folder: Path, side: ThreadPoolExecutor
) -> None:
    """The old one is shown and called until the new one has loaded. A call under way keeps it from sleep."""
    eyes, here = Eyes(reef, "called"), folder / "called"
    call = side.submit(eyes.tick, cursor="slow", timeout=50)
    began(here, "tick")
    write(folder, "called", "eighth", before="time.sleep(6)")
    with Looks(reef) as looks:
        deploy = side.submit(reef.command, "deploy", "called", "--allow-removals")
        took_s: dict[str, float] = {}  # by the version that answered
        while not deploy.done():
            started = time.monotonic()
            job = eyes.tick()["job"]
            took_s[job] = max(took_s.get(job, 0.0), time.monotonic() - started)
        assert "promoted" in deploy.result().stdout
        until(lambda: "eighth" in shown(reef, "called"), what="for the webserver to show it")
    (here / "tick.go").touch()
    assert call.result(scaled(50))["job"] == "seventh"
    assert looks.bad == []
    assert took_s.keys() <= {"seventh", "eighth"}
    assert took_s["seventh"] < scaled(3.0)
