"""External servers, which somebody else runs, and standing ones, which always run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, free_port, until

pytestmark = pytest.mark.timeout(150)


@contextmanager
def server(folder: Path, port: int) -> Iterator[int]:
    """Somebody's `dagster api grpc`; its pid."""
    command = [
        sys.executable,
        "-m",
        "dagster",
        "api",
        "grpc",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
        "-f",
        "defs.py",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef], port: int) -> Reef:
    for name in ("standing", "neighbour"):
        write(folder / name / "defs.py", telling(name))
    write(
        folder / "reef.yaml",
        f"""
locations:
  theirs: {{server: {{host: 127.0.0.1, port: {port}}}}}
  nobody: {{server: {{host: 127.0.0.1, port: {free_port()}}}}}
  standing: {{code: standing/defs.py, placement: standing, idle_timeout: 1s}}
  neighbour: {{code: neighbour/defs.py, idle_timeout: never}}
""",
    )
    return start("serve", folder / "reef.yaml", folder / "s").until_up()


def loads(eyes: Eyes) -> list[str]:
    """The jobs, or none while there is an error."""
    try:
        return eyes.jobs()
    except AssertionError:
        return []


def test_an_external_server_is_shown_forwarded_to_and_recorded_again_when_it_changes(
    reef: Reef, folder: Path, port: int
) -> None:
    eyes = Eyes(reef, "theirs")
    until(lambda: "cannot be reached" in eyes.load_error(), 20.0, "for the error to be shown")
    where = write(folder / "theirs" / "defs.py", telling("theirs")).parent
    with server(where, port) as pid:
        until(lambda: loads(eyes) == ["theirs_job"], 60.0, "for it to be recorded")
        assert eyes.tick()["pid"] == pid
        # its id is told a little after its answers: Dagster reads one after the other
        until(lambda: eyes.server_id() == reef.row("theirs")["server_id"], 20.0, "for Dagster to be told")
        first = eyes.server_id()

    # gone: what was recorded stays, what needs it fails and says so
    until(
        lambda: "cannot be reached" in (reef.row("theirs")["last_error"] or ""), 20.0, "for it to be noticed"
    )
    assert loads(eyes) == ["theirs_job"]
    assert f"127.0.0.1:{port}" in eyes.refusal() or "connect" in eyes.refusal()
    assert eyes.server_id() == first

    write(where / "defs.py", telling("others"))
    with server(where, port) as pid:
        until(lambda: loads(eyes) == ["others_job"], 60.0, "for it to be recorded again")
        until(lambda: eyes.server_id() != first, 20.0, "for Dagster to be told")
        assert eyes.tick()["pid"] == pid
        assert reef.row("theirs")["last_error"] is None
        slept = reef.command("sleep", "theirs").stdout
        assert "not Reef's to end" in slept
        os.kill(pid, 0)


def test_a_server_that_nobody_runs_is_shown_as_an_error(reef: Reef) -> None:
    until(lambda: "cannot be reached" in Eyes(reef, "nobody").load_error(), 20.0, "for the error to be shown")
    assert "cannot be reached" in reef.row("nobody")["last_error"]


def test_a_standing_location_is_always_up(reef: Reef) -> None:
    first = until(lambda: reef.row("standing")["pid"], 20.0, "for it to be up, though nobody called")
    os.kill(first, signal.SIGKILL)
    second = until(
        lambda: (pid := reef.row("standing")["pid"]) != first and pid, 20.0, "for it to be up again"
    )
    told = Eyes(reef, "standing").tick()
    assert told["pid"] == second
    # its idle timeout of a second does not count: a location beside it that may sleep has slept by then
    until(lambda: reef.row("standing")["idle_timeout_s"] == 1.0)
    assert Eyes(reef, "neighbour").tick()["pid"]
    assert reef.row("standing")["pid"] == second


def test_a_standing_location_whose_code_changes_is_served_anew_when_somebody_reloads(
    reef: Reef, folder: Path
) -> None:
    eyes = Eyes(reef, "standing")
    old = until(lambda: reef.row("standing")["pid"], 20.0, "for it to be up")
    write(folder / "standing" / "defs.py", telling("changed"))
    assert "new version" in reef.command("reload", "standing").stdout
    assert eyes.jobs() == ["changed_job"]
    until(lambda: not Path(f"/proc/{old}").exists(), 20.0, "for the old one to end")
    new = until(lambda: reef.row("standing")["pid"], 20.0, "for the new one")
    assert eyes.tick()["pid"] == new


def test_the_neighbour_noticed_nothing(reef: Reef) -> None:
    row = reef.row("neighbour")
    assert (row["probes"], row["last_error"]) == (1, None)
    assert "Traceback" not in (reef.state / "logs" / "reef.log").read_text()
