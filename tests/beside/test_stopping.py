"""However and whenever a host is stopped, nothing of it is left."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from reefs import Reef, processes_mentioning, until, write_location

from deadlines import scaled

pytestmark = pytest.mark.timeout(240)


def left_of(reef: Reef, folder: Path) -> list[str]:
    """Processes, sockets and unfinished files."""
    processes = [f"{pid}: {line}" for pid, line in processes_mentioning(str(folder)).items()]
    found = [path for path in reef.state.rglob("*") if path.is_socket() or ".tmp" in path.name]
    return [*processes, *(str(path) for path in found)]


def until_nothing_is_left(reef: Reef, folder: Path) -> None:
    until(lambda: not left_of(reef, folder), 10.0, f"for these to go: {left_of(reef, folder)}")


def stops_cleanly(reef: Reef, folder: Path) -> None:
    assert reef.stop() < scaled(10.0)
    assert reef.process.returncode == 0, reef.said()
    assert "Traceback" not in reef.said()
    until_nothing_is_left(reef, folder)


MOMENTS: dict[str, Callable[[Path], object]] = {
    "the lock is held": lambda state: (state / "host.lock").exists() and (state / "host.lock").read_text(),
    "sockets are there": lambda state: (state / "admin.sock").exists(),
    "Dagster's instance is made": lambda state: (state / "dagster_home" / "history").exists(),
    "the zygote is built": lambda state: len(processes_mentioning(str(state))) >= 3,
    "the webserver boots": lambda state: (state / "logs" / "webserver.log").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_stopping_while_it_starts(folder: Path, workspace: Path, reefs: list[Reef], moment: str) -> None:
    reef = Reef("up", workspace, folder / "s")
    reefs.append(reef)
    until(lambda: MOMENTS[moment](reef.state), 60.0, f"until {moment}")
    stops_cleanly(reef, folder)


def test_stopping_while_it_opens_its_listeners(folder: Path, reefs: list[Reef]) -> None:
    """So many that it is at it when the signal comes."""
    lines = [f"  place_{number}: {{code: none/defs.py}}" for number in range(400)]
    (folder / "reef.yaml").write_text("\n".join(["locations:", *lines, ""]))
    reef = Reef("up", folder / "reef.yaml", folder / "s")
    reefs.append(reef)
    until(lambda: any((reef.state / "l").glob("*.sock")), 60.0, "for the first listener")
    stops_cleanly(reef, folder)


@pytest.fixture
def busy(folder: Path, reefs: list[Reef]) -> Reef:
    """One whose location ignores SIGTERM and SIGINT, and holds a live run."""
    marker = folder / "started"
    ignore = "signal.signal(signal.{}, signal.SIG_IGN)"
    stubborn = "\n".join(["import signal", ignore.format("SIGTERM"), ignore.format("SIGINT")])
    write_location(folder / "sales", "sales", marker=str(marker), before=stubborn)
    (folder / "workspace.yaml").write_text(
        "load_from:\n- python_file: {relative_path: sales/defs.py, location_name: sales}\n"
    )
    reef = Reef("up", folder / "workspace.yaml", folder / "s", storages=True)
    reefs.append(reef)
    reef.until_up()
    until(lambda: reef.entries().get("sales"))
    run_id = reef.launch("sales", "slow")
    until(marker.exists, 60.0, "for the run")
    until(lambda: reef.row("sales")["live_runs"] == [run_id])
    return reef


def test_a_run_that_does_not_want_to_end_does_not_keep_the_host(folder: Path, busy: Reef) -> None:
    assert busy.stop() < scaled(10.0)
    assert busy.process.returncode == 0
    assert "cancelling 1 live run:" in busy.said()
    until_nothing_is_left(busy, folder)


def test_a_second_signal_ends_at_once(folder: Path, busy: Reef) -> None:
    os.kill(busy.process.pid, signal.SIGTERM)
    until(lambda: "stopping (once more to stop at once)" in busy.said())
    again = time.monotonic()
    os.kill(busy.process.pid, signal.SIGINT)
    assert busy.process.wait(scaled(5)) == 130
    assert time.monotonic() - again < scaled(2.0)
    until_nothing_is_left(busy, folder)
