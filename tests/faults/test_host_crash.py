"""The host is killed with SIGKILL, and another takes its place: TCP ports, children, runs, code that changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, free_port, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(200)

LAUNCH = Path(__file__).parents[1] / "guest" / "launch_run.py"
UNCLAIMED = {"REEF_UNCLAIMED_S": "2"}
RUNS = """
@op
def wait():
    import time
    open({marker!r}, "w").close()
    deadline = time.monotonic() + 600
    while not os.path.exists({marker!r} + ".go") and time.monotonic() < deadline: time.sleep(0.05)

@job(executor_def=in_process_executor)
def waiting():
    wait()

defs = Definitions(jobs=[runs_job, waiting], sensors=[tell])
"""


@pytest.fixture(scope="module")
def fleet(folder: Path) -> Path:
    for name in ("idle", "changed", "broken", "same"):
        write(folder / name / "defs.py", telling(name))
    write(folder / "runs" / "defs.py", telling("runs", after=RUNS.format(marker=str(folder / "run"))))
    (folder / "home").mkdir()
    names = ("idle", "changed", "broken", "same", "runs")
    text = "".join(f"  {name}:\n    code: {name}/defs.py\n    idle_timeout: never\n" for name in names)
    return write(folder / "reef.yaml", f"locations:\n{text}")


def launch(reef: Reef, folder: Path) -> str:
    """A run of `waiting`, started on the child's own socket: a run that the host has not heard of."""
    socket = next(path for path in (folder / "s" / "c").iterdir() if owner(path) == reef.row("runs")["pid"])
    done = subprocess.run(
        [sys.executable, str(LAUNCH), str(socket), "waiting"],
        env={**os.environ, "DAGSTER_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        timeout=scaled(60),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()[-1]


def owner(socket: Path) -> int:
    """The pid of the child that serves on a socket, from the record that it wrote."""
    for record in socket.parent.with_name("children").glob("*.json"):
        if str(socket) in record.read_text():
            return int(record.name.partition("-")[0])
    return 0


def test_after_a_crash_ports_and_runs_are_kept_and_changes_are_noticed(
    folder: Path, fleet: Path, start: Callable[..., Reef]
) -> None:
    options = ("--listen", "tcp", "--base-port", str(free_port()), "--dagster-home", str(folder / "home"))
    first = start("serve", fleet, folder / "s", *options, env=UNCLAIMED).until_up()
    workspace = (folder / "s" / "workspace.yaml").read_text()
    eyes = {name: Eyes(first, name) for name in ("idle", "changed", "broken", "same", "runs")}
    ids = {name: each.server_id() for name, each in eyes.items()}
    idle, runs = eyes["idle"].tick()["pid"], eyes["runs"].tick()["pid"]
    run_id = launch(first, folder)
    until((folder / "run").exists, what="for the run")
    first.kill()

    # nobody claims the children: the idle one ends itself, the one with a live run stays
    until(lambda: not Path(f"/proc/{idle}").exists(), 20.0, "for the unclaimed child to end")
    assert Path(f"/proc/{runs}").exists()
    write(folder / "changed" / "defs.py", telling("changed2"))
    write(folder / "broken" / "defs.py", "import nowhere_to_be_found\n")

    second = start("serve", fleet, folder / "s", *options, env=UNCLAIMED).until_up()
    assert (folder / "s" / "workspace.yaml").read_text() == workspace
    assert second.row("runs")["pid"] == runs
    until(lambda: second.row("runs")["live_runs"] == [run_id], what="for the run to be found")
    assert eyes["runs"].tick()["pid"] == runs  # on the port that it had
    assert eyes["idle"].tick()["pid"] != idle

    until(
        lambda: eyes["changed"].jobs() == ["changed2_job"],
        what="for the change to be noticed, without a call",
    )
    until(lambda: "nowhere_to_be_found" in (second.row("broken")["last_error"] or ""), what="for the error")
    assert eyes["broken"].jobs() == ["broken_job"]  # invariant 8
    until(lambda: eyes["changed"].server_id() != ids["changed"], what="for Dagster to be told")
    for name in ("idle", "same", "runs", "broken"):
        assert eyes[name].server_id() == ids[name], name

    (folder / "run.go").touch()
    until(lambda: second.row("runs")["live_runs"] == [], 40.0, "for the run to end")
    assert second.row("runs")["pid"] == runs
