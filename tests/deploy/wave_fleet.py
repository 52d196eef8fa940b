"""A fleet that is deployed in waves, its host, and calls to its sensors."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc.aio
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._grpc.types import SensorExecutionArgs
from dagster._serdes import serialize_value
from reefs import Reef, until

from deadlines import scaled
from reef.statedir import StateDir
from reef.wire import messages
from reef.wire.client import RawClient

FLEET = """
deploy: {canary: [canary]}
locations:
  a: {code: a/defs.py}
  b: {code: b/defs.py}
  c: {code: c/defs.py}
  canary: {code: canary/defs.py}
"""
DEFS = """
import os, time
from dagster import Definitions, SkipReason, in_process_executor, job, op, sensor

while os.path.exists(%(held)r):
    time.sleep(0.02)

@op
def nothing(): ...

@job
def one():
    nothing()

@sensor(job=one)
def looking(context):
    %(looking)s
    return SkipReason("version %(version)s")

@sensor(job=one)
def moaning(context):
    raise ValueError("as always")

@op
def wait():
    open(%(run)r, "w").close()
    deadline = time.monotonic() + 600
    while not os.path.exists(%(run)r + ".go") and time.monotonic() < deadline:
        time.sleep(0.05)
    open(%(run)r + ".done", "w").close()

@job(executor_def=in_process_executor)
def waiting():
    wait()

defs = Definitions(jobs=[one, %(jobs)s], sensors=[looking, moaning])
"""
NAMES = ("canary", "a", "b", "c")


def _heeds_interrupts() -> None:
    """Also where whoever runs the tests ignores them, as a script's background jobs do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Waves:
    """The fleet's files, its host, and a person at the command line."""

    def __init__(self, folder: Path, start: Callable[..., Reef]) -> None:
        self.folder = folder
        self.fleet = folder / "fleet"
        self._start = start
        self.write("1")
        (self.fleet / "reef.yaml").write_text(FLEET)
        self.host = self.started()

    def started(self) -> Reef:
        return self._start("serve", self.fleet, self.folder / "s").until_up()

    def held(self, name: str, version: str) -> Path:
        """While it is there, that version of the location does not finish loading."""
        return self.folder / f"held-{name}-{version}"

    @property
    def run(self) -> Path:
        """Made by a run of `waiting` when it has begun; it goes on to its end once there is `.go`."""
        return self.folder / "run"

    def write(self, version: str, looking: str = "", only: tuple[str, ...] = NAMES, jobs: str = "") -> None:
        values = {"looking": looking, "version": version, "run": str(self.run), "jobs": jobs}
        for name in only:
            (self.fleet / name).mkdir(parents=True, exist_ok=True)
            text = DEFS % {**values, "held": str(self.held(name, version))}
            (self.fleet / name / "defs.py").write_text(text)

    def launch(self, location: str, job: str) -> str:
        """A run, started as Dagster's own launcher does it; its id."""
        (home := self.folder / "home").mkdir(exist_ok=True)
        script = Path(__file__).parents[1] / "guest" / "launch_run.py"
        socket = StateDir(self.host.state).listener_socket(location)
        done = subprocess.run(
            [sys.executable, str(script), str(socket), job],
            env={**os.environ, "DAGSTER_HOME": str(home)},
            capture_output=True,
            text=True,
            timeout=scaled(60),
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "reef.cli.main", "deploy", *words, "--state-dir", str(self.host.state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=_heeds_interrupts,
        )

    def end(self, begun: subprocess.Popen[str], status: int) -> tuple[str, str]:
        out, err = begun.communicate(timeout=scaled(90))
        assert (begun.returncode, "Traceback" in err) == (status, False), (out, err)
        return out, err

    def deploy(self, *words: str, status: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.end(self.begin(*words, "--json"), status)[0])
        return answer

    def journal(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.host.state / "deploy.json").read_bytes())
        except (OSError, ValueError):
            return {}
        return found

    def until_soaking(self, wave: int, count: int) -> None:
        def soaking() -> bool:
            journal = self.journal()
            running = journal.get("state") == "running"  # not the deploy before
            return running and journal.get("passed") == wave - 1 and len(journal["done"]) == count

        until(soaking, 60, "for the wave to be promoted")

    def served(self) -> dict[str, str]:
        return {name: self.host.row(name)["version"] for name in NAMES}

    def tick(self, location: str, sensor: str = "looking") -> str:
        """What the sensor says; the name of the status where it says nothing."""
        socket = StateDir(self.host.state).listener_socket(location)
        origin = GrpcServerCodeLocationOrigin(host="localhost", socket=str(socket), location_name=location)
        args = SensorExecutionArgs(
            repository_origin=RemoteRepositoryOrigin(origin, "__repository__"),
            instance_ref=None,
            sensor_name=sensor,
        )

        async def ask() -> str:
            async with RawClient(f"unix:{socket}") as client:
                request = messages.text_reply(serialize_value(args))
                try:
                    reply = await client.call("SyncExternalSensorExecution", request, timeout_s=scaled(30))
                except grpc.aio.AioRpcError as error:
                    return error.code().name
            return messages.reply_text(reply).decode()

        return asyncio.run(ask())
