"""A real `reef up` or `reef serve` in a process of its own, and what people do with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import known
from deadlines import scaled, until
from reef.admin import ask_admin

FIRST_PORT = 12_000
PORTS_EACH = 2_500

LOCATION = """
from dagster import *

{before}

def made(number):
    @asset(name=f"{name}_{{number}}")
    def one():
        return number
    return one

{name}_job = define_asset_job("{name}_job", selection="*")

@sensor(job={name}_job, minimum_interval_seconds=1, default_status=DefaultSensorStatus.{sensor})
def {name}_sensor(context):
    context.update_cursor(str(int(context.cursor or 0) + 1))
    return SkipReason("counted")

@op
def slow_op():
    import time
    from pathlib import Path
    Path({marker!r}).write_text(str(__import__("os").getpid()))
    deadline = time.monotonic() + 600
    while not Path({marker!r} + ".go").exists() and time.monotonic() < deadline:
        time.sleep(0.05)

@job
def slow():
    slow_op()

defs = Definitions(
    assets=[made(number) for number in range({assets})],
    jobs=[{name}_job, slow],
    sensors=[{name}_sensor],
    schedules=[ScheduleDefinition(job={name}_job, cron_schedule="0 0 * * *")],
    executor={executor},
)
"""


def write_location(
    folder: Path,
    name: str,
    *,
    assets: int = 3,
    sensor: str = "STOPPED",
    before: str = "",
    marker: str = "/dev/null",
    executor: str = "in_process_executor",
) -> Path:
    """A run is one process; with Dagster's default, `multiprocess_executor`, each step is one more."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "defs.py"
    path.write_text(
        LOCATION.format(
            name=name, assets=assets, sensor=sensor, before=before, marker=marker, executor=executor
        )
    )
    return path


def free_port() -> int:
    """Never the same twice, and none that the kernel would give to a connection before it is listened on."""
    for port in _ports():
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


@cache
def _ports() -> Iterator[int]:
    """Below the range of outgoing connections; a part of its own for each process that runs tests."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = FIRST_PORT + worker % 8 * PORTS_EACH
    return iter(
        random.sample(range(first, first + PORTS_EACH), PORTS_EACH)
    )  # those beside one may be wanted too


def processes_mentioning(text: str) -> dict[int, str]:
    """pid → command line of every process whose command line or environment names `text`, but this one."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            environment = (entry / "environ").read_bytes().decode(errors="replace")
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state != "Z" and (text in line or text in environment):
            found[int(entry.name)] = line
    return found


class Reef:
    """One host process. `state` is its state directory; `port` the webserver's. `storages`: its own instance has been
    used before, so that nobody makes the storages first."""

    def __init__(
        self,
        verb: str,
        path: Path,
        state: Path,
        *options: str,
        env: Mapping[str, str] | None = None,
        port: int | None = None,
        output: Path | None = None,
        cwd: Path | None = None,
        storages: bool = False,
    ) -> None:
        self.state = state
        if not state.exists():
            state.mkdir(mode=0o700, parents=True)
            known.give_to(state)
            if storages:
                known.give_storages(state / "dagster_home")
        self.port = port or free_port()
        command = [
            sys.executable,
            "-m",
            "reef.cli.main",
            verb,
            str(path),
            "--state-dir",
            str(state),
            *options,
        ]
        if verb == "up" and "--no-webserver" not in options:
            command += ["--port", str(self.port)]
        self.output = (output or state.parent) / f"{state.name}.{time.monotonic_ns()}.out"
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("REEF_", "DAGSTER_"))}
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd or "/",
                env={**environment, **(env or {})},
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def until_up(self, seconds: float = 90.0) -> Reef:
        def up() -> bool:
            assert self.process.poll() is None, self.said()
            return "Reef serves" in self.said() and ("page:" in self.said() or "workspace for" in self.said())

        try:
            until(up, seconds)
        except AssertionError as error:
            logs = sorted((self.state / "logs").glob("*.log")) if self.state.is_dir() else []
            told = "\n".join(f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in logs)
            raise AssertionError(f"{error} for the host: {self.said()}\n{told}") from None
        known.take_from(self.state, ended=False)
        return self

    def command(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "reef.cli.main", *words, "--state-dir", str(self.state)],
            capture_output=True,
            text=True,
            timeout=scaled(120),
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    def status(self) -> dict[str, Any]:
        """What `reef status --json` prints, without a process that asks."""
        answer: dict[str, Any] = asyncio.run(
            ask_admin(self.state / "admin.sock", {"do": "status"}, scaled(30))
        )
        return answer

    def row(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(row for row in self.status()["locations"] if row["name"] == name)
        return found

    def learned_zygotes(self) -> list[dict[str, Any]]:
        """Empty until those stand that were learned from the fleet's loads."""
        zygotes: list[dict[str, Any]] = self.status()["zygotes"]
        return [] if any(one["key"].startswith("draft-") for one in zygotes) else zygotes

    def graphql(self, query: str, variables: Mapping[str, Any] | None = None) -> Any:
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql", body, {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=scaled(60)) as response:
            answer = json.load(response)
        assert "errors" not in answer, answer
        return answer["data"]

    def entries(self) -> dict[str, Any]:
        """Location name → what Dagster's webserver shows of it; empty while it boots."""
        query = (
            "{workspaceOrError{... on Workspace{locationEntries{name loadStatus locationOrLoadError{__typename "
            "... on RepositoryLocation{repositories{name jobs{name} assetNodes{id}}} ... on PythonError{message}}}}}}"
        )
        try:
            found = self.graphql(query)["workspaceOrError"]["locationEntries"]
        except (urllib.error.URLError, ConnectionError):
            return {}
        return {entry["name"]: entry["locationOrLoadError"] for entry in found}

    def launch(self, location: str, job: str) -> str:
        answer = self.graphql(
            "mutation($p: ExecutionParams!){launchRun(executionParams:$p){__typename "
            "... on LaunchRunSuccess{run{runId}} ... on PythonError{message}}}",
            {
                "p": {
                    "selector": {
                        "repositoryLocationName": location,
                        "repositoryName": "__repository__",
                        "jobName": job,
                    },
                    "runConfigData": {},
                }
            },
        )["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        run_id: str = answer["run"]["runId"]
        return run_id

    def run_status(self, run_id: str) -> str:
        query = "query($r:ID!){runOrError(runId:$r){... on Run{status}}}"
        status: str = self.graphql(query, {"r": run_id})["runOrError"]["status"]
        return status

    def run_ends(self, run_id: str, seconds: float = 60.0) -> str:
        ends = ("SUCCESS", "FAILURE", "CANCELED")
        status: str = until(
            lambda: status if (status := self.run_status(run_id)) in ends else "", seconds, f"for {run_id}"
        )
        if status == "FAILURE":
            print(self.why(run_id))  # shown where the test fails
        return status

    def why(self, run_id: str) -> str:
        """The run's errors, as its page shows them."""
        query = (
            "query($r:ID!){logsForRun(runId:$r){... on EventConnection{events{... on MessageEvent{message} "
            "... on ErrorEvent{error{message stack cause{message}}}}}}}"
        )
        events = self.graphql(query, {"r": run_id})["logsForRun"]["events"]
        return "\n".join(f"{event.get('message')} {event.get('error') or ''}" for event in events)

    def ticks(self, location: str, sensor: str) -> list[dict[str, Any]]:
        query = (
            "query($s: SensorSelector!){sensorOrError(sensorSelector:$s){... on Sensor{sensorState"
            "{ticks(limit: 20){status cursor error{message}}}}}}"
        )
        selector = {
            "repositoryLocationName": location,
            "repositoryName": "__repository__",
            "sensorName": sensor,
        }
        found: list[dict[str, Any]] = self.graphql(query, {"s": selector})["sensorOrError"]["sensorState"][
            "ticks"
        ]
        return found

    def stop(self, seconds: float = 15.0) -> float:
        """Ctrl-C; how long it took."""
        started = time.monotonic()
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGINT)
            self.process.wait(scaled(seconds))
        return time.monotonic() - started

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def _cut_short(self) -> None:
        """Dagster's own processes compute for most of a second before they end by themselves."""
        for pid, line in processes_mentioning(str(self.state)).items():
            if "/dagster-webserver " in line or "/dagster-daemon " in line:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def end_everything(self) -> None:
        """For the end of a test, however it ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self._cut_short()
            try:
                self.process.wait(scaled(15))
            except subprocess.TimeoutExpired:
                self.kill()
        for pid in processes_mentioning(str(self.state)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        known.take_from(self.state, ended=True)
