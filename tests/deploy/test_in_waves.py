"""Deploys in waves through a real host: pins, gates, halts, roll back, and hosts that are killed on the way.

The tests of this module share one state directory and follow one another; each leaves a fleet that is deployed.
"""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc.aio
import pytest
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._grpc.types import SensorExecutionArgs
from dagster._serdes import serialize_value
from reefs import Reef, until

from reef.statedir import StateDir
from reef.wire import messages
from reef.wire.client import RawClient

pytestmark = pytest.mark.timeout(240)

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
from dagster import Definitions, SkipReason, job, op, sensor

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

defs = Definitions(jobs=[one], sensors=[looking, moaning])
"""
NAMES = ("canary", "a", "b", "c")


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

    def write(self, version: str, looking: str = "", only: tuple[str, ...] = NAMES) -> None:
        for name in only:
            (self.fleet / name).mkdir(parents=True, exist_ok=True)
            text = DEFS % {"held": str(self.held(name, version)), "looking": looking, "version": version}
            (self.fleet / name / "defs.py").write_text(text)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "reef.cli.main", "deploy", *words, "--state-dir", str(self.host.state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self, begun: subprocess.Popen[str], status: int) -> tuple[str, str]:
        out, err = begun.communicate(timeout=90)
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
            return journal.get("passed") == wave - 1 and len(journal["done"]) == count

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
                    reply = await client.call("SyncExternalSensorExecution", request, timeout_s=30)
                except grpc.aio.AioRpcError as error:
                    return error.code().name
            return messages.reply_text(reply).decode()

        return asyncio.run(ask())


@pytest.fixture(scope="module")
def waves(folder: Path, start: Callable[..., Reef]) -> Iterator[Waves]:
    return Waves(folder, start)  # type: ignore[return-value]


def test_wave_by_wave_and_those_that_wait_serve_the_old_version_whoever_wakes_them(waves: Waves) -> None:
    before = waves.served()
    waves.write("2")
    shown = waves.host.command("plan", check=False).stdout
    assert "wave 1: canary\nwave 2: a, b, c" in shown
    watching = waves.begin("--all", "--wave", "2,100%", "--soak", "3s")
    waves.until_soaking(1, 1)
    watching.send_signal(signal.SIGINT)  # ends the watching, not the deploy
    out, err = waves.end(watching, 130)
    assert "in 3 waves of 1, 1, 2 locations" in out
    assert "`reef deploy --resume` watches it again" in err
    status = waves.host.status()["deploy"]
    assert (status["state"], status["wave"], status["waves"]) == ("running", 1, 3)
    assert "is under way; wave 1 of 3" in waves.host.command("status").stdout
    assert "(wave 1 of 3)" in waves.host.command("deploy", "a", check=False).stderr
    assert waves.host.row("c")["pinned"] == f"waits for wave 3 of deploy {status['id']}"
    assert "version 1" in waves.tick("c")
    assert "version 2" in waves.tick("canary")

    told = waves.deploy("--resume")
    assert (told["attached"], told["outcome"], told["refused"]) == (True, "finished", [])
    assert told["waves"] == [["canary"], ["a"], ["b", "c"]]
    assert {name: event["state"] for name, event in told["results"].items()} == dict.fromkeys(
        NAMES, "promoted"
    )
    assert all(waves.served()[name] != before[name] for name in NAMES)
    assert "version 2" in waves.tick("c")
    assert waves.host.row("c")["pinned"] is None
    assert waves.host.status()["deploy"] is None
    newest = json.loads(waves.host.command("history", "c", "--json").stdout)[0]
    assert (newest["by"], newest["wave"]) == (told["id"], 3)
    assert f"by deploy {told['id']}, wave 3" in waves.host.command("history", "c").stdout


def test_an_error_that_a_tick_returns_halts_unless_it_failed_so_before(waves: Waves) -> None:
    before = waves.served()
    assert "as always" in waves.tick("canary", "moaning")
    waves.write("3", looking="raise KeyError('new trouble')")
    begun = waves.begin("--changed", "--soak", "60s")
    waves.until_soaking(1, 1)
    assert "as always" in waves.tick("canary", "moaning")
    assert begun.poll() is None
    assert "new trouble" in waves.tick("canary")
    out, err = waves.end(begun, 1)
    assert "wave 1 halts the deploy:\n  canary: looking: KeyError: 'new trouble'" in out
    assert "not reached, and stay as they are: a, b, c" in err
    after = waves.served()
    assert [name for name in NAMES if after[name] != before[name]] == ["canary"]  # halted, and kept
    assert "was halted before its turn" in waves.host.row("b")["pinned"]
    assert "version 2" in waves.tick("b")
    assert waves.host.status()["deploy"]["state"] == "halted"
    assert "pinned: deploy" in waves.host.command("plan", check=False).stdout

    waves.write("4")
    told = waves.deploy("--all", "--wave", "100%", "--soak", "0")
    assert {event["state"] for event in told["results"].values()} == {"promoted"}
    assert waves.host.row("b")["pinned"] is None


def test_a_crash_halts_and_what_was_promoted_goes_back(waves: Waves) -> None:
    before = waves.served()
    waves.write("5", looking="os._exit(3)")
    begun = waves.begin("--all", "--wave", "2", "--soak", "60s", "--rollback-on-halt", "--json")
    waves.until_soaking(1, 1)
    assert waves.tick("canary") == "UNAVAILABLE"
    told = json.loads(waves.end(begun, 1)[0])
    assert (told["outcome"], told["not_reached"]) == ("halted", ["a", "b", "c"])
    assert set(told["halted"]) == {"canary"}
    assert told["rolled_back"]["canary"]["state"] == "rolled back"
    assert waves.served() == before
    assert "version 4" in waves.tick("canary")
    assert waves.host.row("canary")["pinned"].startswith("rolled back from")


def test_a_load_error_in_a_later_wave_halts_there(waves: Waves) -> None:
    waves.write("6")
    (waves.fleet / "a" / "defs.py").write_text("import no_such_package")
    before = waves.served()
    told = waves.deploy("--all", "--wave", "2,3,100%", status=1)
    assert (told["waves"], told["refused"]) == ([["canary"], ["a"], ["b"], ["c"]], ["a"])
    assert "no_such_package" in told["halted"]["a"]
    assert told["results"]["canary"]["state"] == "promoted"
    assert told["not_reached"] == ["b", "c"]
    assert waves.host.row("a")["pinned"] == "a deploy refused newer code"
    assert "version 4" in waves.tick("a")
    after = waves.served()
    assert [name for name in NAMES if after[name] != before[name]] == ["canary"]
    waves.write("6", only=("a",))
    assert waves.deploy("--all", "--soak", "0", "--wave", "100%")["refused"] == []


@pytest.mark.parametrize(
    ("held", "done", "passed"),
    [
        ("canary", 0, 0),  # everything is pinned, the first wave is probed
        (None, 1, 0),  # the first wave is watched
        ("a", 1, 1),  # a later wave is probed
        ("c", 3, 1),  # half of a wave is promoted
    ],
)
def test_a_host_that_is_killed_leaves_a_deploy_that_goes_on(
    waves: Waves, held: str | None, done: int, passed: int
) -> None:
    version = f"{held}-{done}"
    before = waves.served()
    waves.write(version)
    if held is not None:
        waves.held(held, version).touch()
    begun = waves.begin("--all", "--wave", "1,100%", "--soak", "2s")
    reached = {"pinned": True, "passed": passed}

    def there() -> bool:
        journal = waves.journal()
        return (
            all(journal.get(key) == value for key, value in reached.items())
            and len(journal["done"]) == done
            and journal["state"] == "running"
        )

    until(there, 60, f"for {reached} with {done} done")
    waves.host.kill()
    waves.end(begun, 2)
    promoted = [name for name in NAMES if waves.journal()["done"].get(name)]
    waves.host = waves.started()
    deploy = waves.host.status()["deploy"]
    assert (deploy["state"], deploy["promoted"]) == ("interrupted", done)
    assert [name for name in NAMES if waves.served()[name] != before[name]] == promoted
    waiting = next(name for name in NAMES if name not in promoted)
    assert "version" in waves.tick(waiting)
    assert f"version {version}" not in waves.tick(waiting)
    refused = waves.host.command("deploy", "--all", check=False)
    assert (refused.returncode, "--abandon" in refused.stderr) == (1, True), refused.stderr
    if held is not None:
        waves.held(held, version).unlink()
    told = waves.deploy("--resume")
    assert (told["attached"], told["outcome"], told["refused"]) == (False, "finished", [])
    assert {name: event["state"] for name, event in told["results"].items()} == dict.fromkeys(
        NAMES, "promoted"
    )
    assert f"version {version}" in waves.tick("c")
    newest = [json.loads(waves.host.command("history", name, "--json").stdout)[0] for name in ("canary", "c")]
    assert [entry["by"] for entry in newest] == [told["id"]] * 2


def test_one_that_is_abandoned_leaves_nothing_that_waits(waves: Waves) -> None:
    waves.write("8")
    for kill in (False, True):
        begun = waves.begin("--all", "--wave", "1,100%", "--soak", "60s")
        waves.until_soaking(1, 1)
        if kill:
            waves.host.kill()
            waves.end(begun, 2)
            waves.host = waves.started()
            assert "was cut off" in waves.host.command("status").stdout
        assert "waits for wave 2" in waves.host.row("b")["pinned"]
        told = waves.deploy("--abandon", status=1)
        assert (told["outcome"], told["not_reached"]) == ("abandoned", ["a", "b", "c"])
        if not kill:
            assert "was abandoned" in waves.end(begun, 1)[1]
        assert waves.host.row("b")["pinned"] is None
        assert waves.host.status()["deploy"] is None
    nothing = waves.host.command("deploy", "--resume", check=False)
    assert (nothing.returncode, "there is no deploy to resume" in nothing.stderr) == (2, True)
    assert "version 8" in waves.tick("b")  # it follows its code again


def test_mistakes(waves: Waves) -> None:
    for words, told in (
        (("a", "--wave", "0"), "--wave must be numbers from 1"),
        (("a", "--wave", "10,5"), "5 comes after 10"),
        (("a", "--soak", "soon"), "--soak = soon, must be a time such as"),
        (("a", "--resume"), "--resume and --abandon stand alone"),
        (("--resume", "--abandon"), "--resume and --abandon stand alone"),
    ):
        done = waves.host.command("deploy", *words, check=False)
        assert (done.returncode, told in done.stderr) == (2, True), done.stderr
