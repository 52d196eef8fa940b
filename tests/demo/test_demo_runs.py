"""`reef demo` whole: Dagster's page shows the fleet, sensors and schedules tick, a run launched there succeeds."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reef.demo.catalogue import BROKEN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

_ENTRIES = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError {
  __typename ... on PythonError { message } ... on RepositoryLocation { repositories {
    sensors { name sensorState { status ticks(limit: 1) { status error { message } } } }
    schedules { name scheduleState { status } } } } } } } } }"""
_LAUNCH = """mutation { launchRun(executionParams: {runConfigData: {}, selector: {
  repositoryLocationName: "carriers", repositoryName: "__repository__", jobName: "carriers_dry_run" } }) {
  __typename ... on LaunchRunSuccess { run { runId } } } }"""
_RUN = '{ runOrError(runId: "%s") { ... on Run { status } } }'


@dataclass
class Demo:
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def ask(self, query: str) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as reply:
            return json.load(reply)["data"]

    def entries(self) -> list[dict[str, Any]]:
        try:
            return list(self.ask(_ENTRIES)["workspaceOrError"]["locationEntries"])
        except OSError:
            return []

    def until(self, condition: Callable[[], Any], what: str, deadline_s: float) -> Any:
        end = time.monotonic() + deadline_s
        while not (answer := condition()):
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert time.monotonic() < end, (
                f"{what}: not within {deadline_s} s\n{self.log.read_text()[-3000:]}"
            )
            time.sleep(0.5)
        return answer


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder = tmp_path_factory.mktemp("d")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE")
    }
    env |= {"REEF_STATE_DIR": str(folder / "s"), "XDG_CACHE_HOME": str(folder / "c")}
    command = [sys.executable, "-m", "reef.cli.main", "demo", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    started = Demo(process, port, folder / "log")
    try:
        yield started
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def shown(demo: Demo) -> dict[str, dict[str, Any]]:
    def all_settled() -> list[dict[str, Any]] | None:
        entries = demo.entries()
        settled = [each for each in entries if each["loadStatus"] == "LOADED" and each["locationOrLoadError"]]
        return entries if len(settled) == 60 else None

    return {each["name"]: each for each in demo.until(all_settled, "the page shows 60 locations", 240)}


def test_the_page_shows_all_and_the_error_of_one(shown: dict[str, dict[str, Any]]) -> None:
    kinds = {name: each["locationOrLoadError"]["__typename"] for name, each in shown.items()}
    assert [name for name, kind in kinds.items() if kind != "RepositoryLocation"] == [BROKEN]
    assert "sap_connector" in shown[BROKEN]["locationOrLoadError"]["message"]


def test_sensors_are_on_and_tick_without_a_failure(demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    def states() -> list[dict[str, Any]]:
        places = [each["locationOrLoadError"] for each in demo.entries()]
        repositories = [repo for place in places for repo in place.get("repositories", [])]
        return [sensor["sensorState"] for repo in repositories for sensor in repo["sensors"]]

    def done() -> list[str] | None:
        ticks = [tick for state in states() for tick in state["ticks"]]
        failed = [tick["error"]["message"] for tick in ticks if tick["status"] == "FAILURE"]
        assert failed == []
        over = [tick for tick in ticks if tick["status"] in ("SKIPPED", "SUCCESS")]
        return over if len(over) >= 40 else None

    assert len(demo.until(done, "forty sensors have ticked", 120)) >= 40
    assert {state["status"] for state in states()} == {"RUNNING"}


def test_a_run_launched_on_the_page_succeeds(demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    launched = demo.ask(_LAUNCH)["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess"
    run_id = launched["run"]["runId"]

    def over() -> str | None:
        status = demo.ask(_RUN % run_id)["runOrError"]["status"]
        return status if status in ("SUCCESS", "FAILURE", "CANCELED") else None

    assert demo.until(over, "the run is over", 90) == "SUCCESS"


def test_ctrl_c_ends_everything_within_ten_seconds(demo: Demo, shown: dict[str, dict[str, Any]]) -> None:
    asked = time.monotonic()
    demo.process.send_signal(signal.SIGINT)
    demo.process.wait(30)
    assert time.monotonic() - asked < 10
    state = demo.log.parent / "s"
    assert not list((state / "l").iterdir())
    marked = str(state).encode()
    assert [pid for pid in os.listdir("/proc") if pid.isdigit() and marked in _command_line(pid)] == []


def _command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
