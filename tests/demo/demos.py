"""A running `reef demo`, and what its page says."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reefs import free_port

from deadlines import Deadline, pause_s, scaled
from reef.admin import ask_admin

ENTRIES = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus locationOrLoadError {
  __typename ... on PythonError { message } } } } } }"""
STATES = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  ... on RepositoryLocation { repositories {
    sensors { name sensorState { status ticks(limit: 1) { status error { message } } } }
    schedules { name scheduleState { status } } } } } } } } }"""
LAUNCH = """mutation { launchRun(executionParams: {runConfigData: {}, selector: {
  repositoryLocationName: "carriers", repositoryName: "__repository__", jobName: "carriers_dry_run" } }) {
  __typename ... on LaunchRunSuccess { run { runId } } } }"""
RUN = '{ runOrError(runId: "%s") { ... on Run { status } } }'


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
        with urllib.request.urlopen(request, timeout=scaled(60)) as reply:
            return json.load(reply)["data"]

    def entries(self, query: str = ENTRIES) -> list[dict[str, Any]]:
        try:
            return list(self.ask(query)["workspaceOrError"]["locationEntries"])
        except OSError:
            return []

    def status(self) -> dict[str, Any]:
        """What `reef status --json` prints: Dagster computes nothing for it."""
        socket = self.log.parent / "s" / "admin.sock"
        answer: dict[str, Any] = asyncio.run(ask_admin(socket, {"do": "status"}, scaled(30)))
        return answer

    def until(self, condition: Callable[[], Any], what: str, deadline_s: float, every_s: float = 0.5) -> Any:
        deadline = Deadline(deadline_s)
        looking = time.monotonic()
        while not (answer := condition()):
            took_s = time.monotonic() - looking
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            assert not deadline.over, f"{what}: not within {deadline}\n{self.log.read_text()[-3000:]}"
            time.sleep(pause_s(looking - deadline.started + took_s, took_s, every_s))
            looking = time.monotonic()
        return answer


@contextmanager
def running(folder: Path, cache: Path) -> Iterator[Demo]:
    """Of the fleet below `cache`, if there is one; else it is written."""
    port = free_port()
    env = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DAGSTER_HOME", "PYTHONDONTWRITEBYTECODE")
    }
    env |= {"REEF_STATE_DIR": str(folder / "s"), "XDG_CACHE_HOME": str(cache)}
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
            process.wait(scaled(30))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
