"""The other side of the comparison: Dagster alone, its code servers, its webserver, its client."""

from __future__ import annotations

import itertools
import json
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import measure
from fleetgen import MeasuredLocation, workspace_yaml
from processes import Processes

Target = dict[str, Any]
_numbers = itertools.count()
_CLIENT = Path(__file__).with_name("client.py")
_QUERY = """{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus
  locationOrLoadError { __typename } } } } }"""

_JOBS = """{ workspaceOrError { ... on Workspace { locationEntries { name locationOrLoadError {
  ... on RepositoryLocation { repositories { jobs { name description } } } } } } } }"""


class Client:
    """Dagster's own gRPC client, in a process with the locations' interpreter."""

    def __init__(self, running: Processes, python: str) -> None:
        self._process = running.start([python, str(_CLIENT)], log="client", pipe=True)
        self._log = running.folder / "client.log"
        self._asking = threading.Lock()  # one request at a time

    @property
    def pid(self) -> int:
        return self._process.pid

    def do(self, verb: str, **arguments: object) -> Any:
        """The answer; RuntimeError with the client's traceback where it failed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._asking:
            self._process.stdin.write(json.dumps({"do": verb, **arguments}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client ended: {self._log.read_text()[-2000:]}")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(reply["error"])
        return reply["answer"]


class Standing:
    """One real `dagster api grpc` for each location, on unix sockets, as one pod each would run."""

    def __init__(
        self, running: Processes, home: str | None = None, working_directory: str | None = None
    ) -> None:
        self._running = running
        self._more = ["-d", working_directory] if working_directory else []
        self._env = measure.environ(**({"DAGSTER_HOME": home} if home else {}))
        self.processes: list[subprocess.Popen[str]] = []
        self.targets: list[Target] = []

    def start(self, location: MeasuredLocation) -> Target:
        """Start one, without waiting for it."""
        path = self._running.folder / f"s{next(_numbers)}.sock"
        command = [location.python, "-m", "dagster", "api", "grpc", "-f", location.file]
        command += ["--socket", str(path), "--location-name", location.name, *self._more]
        self.processes.append(self._running.start(command, log="standing", env=self._env))
        self.targets.append({"name": location.name, "socket": str(path)})
        return self.targets[-1]

    def start_all(self, locations: Sequence[MeasuredLocation], client: Client, at_once: int = 4) -> None:
        """Start all, a few at a time, and wait until each has answered a tick."""
        for index in range(0, len(locations), at_once):
            batch = [self.start(location) for location in locations[index : index + at_once]]
            for target in batch:
                client.do("first_tick", target=target, deadline_s=180)

    def memory(self) -> measure.Memory:
        return measure.memory(measure.tree(*(process.pid for process in self.processes)))

    def end(self) -> None:
        self._running.end(*self.processes, grace_s=0)
        self.processes, self.targets = [], []


def monolith_seconds(
    running: Processes, python: str, locations: Sequence[MeasuredLocation], deadline_s: float = 300.0,
    working_directory: str | None = None,
) -> tuple[float, measure.Memory]:  # fmt: skip
    """(start → all locations loaded, memory of its code servers) of one webserver on one workspace.yaml."""
    file = running.folder / "monolith.yaml"
    file.write_text(workspace_yaml(locations, working_directory))
    home = running.folder / "monolith_home"
    home.mkdir(exist_ok=True)
    started = time.monotonic()
    webserver, port = start_webserver(running, python, file, home)
    seconds = until_shown(port, len(locations), deadline_s, webserver) - started
    used = measure.memory(pid for pid in measure.tree(webserver.pid) if pid != webserver.pid)
    running.end(webserver, grace_s=0)
    return seconds, used


def start_webserver(
    running: Processes, python: str, workspace: Path, home: Path
) -> tuple[subprocess.Popen[str], int]:
    port = free_port()
    command = [python, "-m", "dagster_webserver", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    env = measure.environ(DAGSTER_HOME=str(home), DAGSTER_DISABLE_TELEMETRY="1")
    return running.start(command, log="webserver", env=env), port


def until_shown(port: int, count: int, deadline_s: float, server: subprocess.Popen[str]) -> float:
    """The moment when the webserver shows `count` locations, all of them loaded; RuntimeError if `server` ends."""

    def shown() -> float | None:
        if server.poll() is not None:
            raise RuntimeError(f"{server.args!r} ended with {server.returncode}")
        entries = location_entries(port)
        if entries is None:
            return None
        loaded = [entry for entry in entries if entry["loadStatus"] == "LOADED" and _is_well(entry)]
        return time.monotonic() if len(loaded) == len(entries) == count else None

    return measure.wait_for(shown, f"the webserver shows {count} locations", deadline_s)


def _is_well(entry: dict[str, Any]) -> bool:
    return bool(entry["locationOrLoadError"]["__typename"] == "RepositoryLocation")


def location_entries(port: int) -> list[dict[str, Any]] | None:
    """What the webserver's GraphQL shows; None while it does not answer."""
    data = _asked(port, _QUERY)
    return None if data is None else list(data.get("locationEntries", []))


def job_descriptions(port: int) -> dict[tuple[str, str], str] | None:
    """(location, job) -> the description that the webserver shows; None while it does not answer."""
    data = _asked(port, _JOBS)
    if data is None:
        return None
    return {
        (entry["name"], job["name"]): job["description"] or ""
        for entry in data["locationEntries"]
        for repository in (entry["locationOrLoadError"] or {}).get("repositories", [])
        for job in repository["jobs"]
    }


def _asked(port: int, query: str) -> dict[str, Any] | None:
    body = json.dumps({"query": query}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/graphql", body, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as reply:
            return dict(json.load(reply)["data"]["workspaceOrError"])
    except (OSError, ValueError, TypeError, KeyError):
        return None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
