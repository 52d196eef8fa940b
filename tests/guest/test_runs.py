"""Runs of a child: they outlive it (invariant 12), and pin it while nobody claims it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from hosts import Host, alive, child_env, state_of, until
from states import LOCATION, launch, make_home, read, run_status


def run_process(server: int) -> int:
    """The pid of the process that multiprocessing spawned for a run."""
    for child in Path(f"/proc/{server}/task").glob("*/children"):
        for pid in child.read_text().split():
            if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return int(pid)
    return 0


def started(host: Host, tmp_path: Path, location: str, job: str) -> tuple[Any, Path, str]:
    home = make_home(tmp_path / "home")
    (tmp_path / "states").mkdir()
    (tmp_path / "location.py").write_text(LOCATION)
    env = child_env(DAGSTER_HOME=str(home), STATES=str(tmp_path / "states"))
    child = host.start(host.spec(location, tmp_path / "location.py", env=env))
    run_id = launch(child.socket, home, job, env)
    return child, home, run_id


def test_a_run_with_a_process_for_each_step(host: Host, tmp_path: Path) -> None:
    child, home, run_id = started(host, tmp_path, "f20", "in_steps")
    state = read(tmp_path / "states", "run")
    assert state["cwd"] == str(tmp_path)
    until(lambda: run_status(home, run_id) == "SUCCESS", "the run succeeds", 60)
    host.stop(child, 0)


def test_invariant_12_a_killed_server_s_run_lives_on_and_is_reaped_when_it_ends(
    host: Host, tmp_path: Path
) -> None:
    child, home, run_id = started(host, tmp_path, "f21", "waiting")
    read(tmp_path / "states", "run")
    pid = run_process(child.pid)
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: state_of(child.pid) == "gone", "the server is gone")
    assert alive(pid)
    assert run_status(home, run_id) == "STARTED"
    os.kill(pid, signal.SIGKILL)
    until(lambda: state_of(pid) == "gone", "the run's process was reaped")


def test_an_unclaimed_child_with_a_live_run_stays(tmp_path: Path) -> None:
    host = Host(tmp_path / "h", unclaimed_s=0.5)
    child, _home, _run_id = started(host, tmp_path, "a", "waiting")
    read(tmp_path / "states", "run")
    pid = run_process(child.pid)
    host.run(host.hosting.close(leave_children=True))
    host.lock.release()
    still = []
    try:
        until(lambda: not alive(child.pid), "it ends", within_s=3.0)
    except AssertionError:
        still.append(child.pid)
    assert still == [child.pid]
    os.kill(pid, signal.SIGKILL)
    until(lambda: not alive(child.pid), "it ends after its run")
