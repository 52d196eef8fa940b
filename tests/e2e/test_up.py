"""`reef up` as a person uses it: the real webserver and the real daemon, on a fleet with a broken location.

The tests of this module share one fleet and follow one another, and most of them one host: starting Dagster's processes
is what takes their time. Each finds a host that serves the fleet, whatever became of the test before.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from reefs import Reef, processes_mentioning, until
from small_fleet import write_fleet

from deadlines import scaled

pytestmark = pytest.mark.timeout(300)


class Fleet:
    """Five locations, and the host that serves them now."""

    def __init__(self, folder: Path, start: Callable[..., Reef]) -> None:
        self.folder = folder
        self.workspace = write_fleet(folder)
        self._start = start
        self._host: Reef | None = None

    @property
    def host(self) -> Reef:
        """The one that runs; else one is started."""
        if self._host is None or self._host.process.poll() is not None:
            self.begin()
        assert self._host is not None
        return self._host

    def begin(self, *options: str, port: int | None = None) -> Reef:
        self._host = self._start(
            "up", self.workspace, self.folder / "s", *options, port=port, storages=False
        ).until_up()
        return self._host

    def shown(self) -> dict[str, Any]:
        """What the page says of all five."""
        host = self.host
        return until(lambda: found if len(found := host.entries()) == 5 and all(found.values()) else {})

    @property
    def go_on(self) -> Path:
        """Lets the slow run end."""
        return self.folder / "slow-started.go"

    def run_slowly(self) -> str:
        """A run of `quiet` that has begun, and of whose process the host has written; its id."""
        self.shown()
        host, began = self.host, self.folder / "slow-started"
        for left in (began, self.go_on):
            left.unlink(missing_ok=True)
        run_id = host.launch("quiet", "slow")
        until(began.exists, 30.0, "for the run to start")
        until(lambda: host.row("quiet")["live_runs"] == [run_id])
        until(lambda: any(run_id in file.read_text() for file in (self.folder / "s" / "runs").glob("*.json")))
        return run_id

    def kill_server(self) -> None:
        """That of `quiet`."""
        host = self.host
        os.kill(host.row("quiet")["pid"], signal.SIGKILL)
        until(lambda: host.row("quiet")["pid"] is None)


@pytest.fixture(scope="module")
def fleet(folder: Path, start: Callable[..., Reef]) -> Fleet:
    return Fleet(folder, start)


def ends_and_leaves_nothing(host: Reef, folder: Path) -> None:
    """Ctrl-C: everything ends within ten seconds, and nothing is left."""
    assert host.stop() < scaled(10.0)
    assert host.process.returncode == 0
    left = until(
        lambda: not processes_mentioning(str(folder)) or None, 5.0, str(processes_mentioning(str(folder)))
    )
    assert left
    assert not list((folder / "s" / "l").iterdir())
    assert not list((folder / "s" / "c").iterdir())
    assert not (folder / "s" / "admin.sock").exists()


def test_a_fleet_is_served_ticks_and_runs(fleet: Fleet) -> None:
    shown, reef = fleet.shown(), fleet.host
    assert shown["broken"]["__typename"] == "PythonError"
    assert "no_such_package" in shown["broken"]["message"]
    for name in ("ticking", "quiet", "third", "a name / with signs"):
        assert shown[name]["repositories"][0]["name"] == "__repository__", shown[name]
        assert len(shown[name]["repositories"][0]["assetNodes"]) == 3
    assert "broken does not load" in reef.said()

    # a run launched in the UI succeeds, though its location was asleep
    assert reef.run_ends(reef.launch("third", "third_job")) == "SUCCESS"
    assert reef.row("third")["wakes"] >= 1
    assert reef.row("third")["forked"] is True

    # sensors tick, and their cursors go on
    ticks = until(lambda: found if len(found := reef.ticks("ticking", "ticking_sensor")) >= 3 else [])
    assert {tick["status"] for tick in ticks if tick["status"] != "STARTED"} == {"SKIPPED"}

    # one that nobody called has no process
    quiet = reef.row("quiet")
    assert (quiet["state"], quiet["pid"]) == ("asleep", None)
    assert reef.row("broken")["state"] == "failed"

    # what it says to people and to programs
    status = reef.status()
    assert status["totals"]["standing_estimate_bytes"] > status["totals"]["reef_pss_bytes"] / 2
    assert "quiet" in reef.command("status").stdout
    woken = reef.command("wake", "quiet").stdout
    assert "quiet: warm" in woken
    title = Path(f"/proc/{reef.row('quiet')['pid']}/cmdline").read_bytes().rstrip(b"\0 ")
    assert title == b"reef: quiet"
    assert "quiet: asleep" in reef.command("sleep", "quiet").stdout
    assert "nothing changed" in reef.command("reload", "quiet").stdout
    assert "Started Dagster code server" in reef.command("logs", "quiet").stdout
    mistaken = reef.command("wake", "quite", check=False)
    assert mistaken.returncode == 2
    assert "did you mean quiet" in mistaken.stderr


def test_a_run_outlives_its_code_server_and_can_still_be_cancelled(fleet: Fleet) -> None:
    reef, run_id = fleet.host, fleet.run_slowly()
    fleet.kill_server()
    assert reef.run_status(run_id) == "STARTED"
    mutation = "mutation($r: String!){terminateRun(runId: $r){__typename ... on PythonError{message}}}"
    answer = reef.graphql(mutation, {"r": run_id})["terminateRun"]
    assert answer["__typename"] == "TerminateRunSuccess", answer
    assert reef.run_ends(run_id) == "CANCELED"


def test_a_run_whose_process_is_killed_with_its_server_is_reported_failed(fleet: Fleet) -> None:
    reef, run_id = fleet.host, fleet.run_slowly()
    fleet.kill_server()
    os.kill(int((fleet.folder / "slow-started").read_text()), signal.SIGKILL)
    assert reef.run_ends(run_id) == "FAILURE"


def test_the_host_is_killed_and_started_again_while_everything_goes_on(fleet: Fleet) -> None:
    first, run_id = fleet.host, fleet.run_slowly()
    before = first.status()
    child = first.row("quiet")["pid"]
    first.kill()

    second = fleet.begin(port=first.port)
    after = second.status()
    for name in ("webserver", "daemon"):
        assert after["beside"][name]["pid"] == before["beside"][name]["pid"], name
    quiet = second.row("quiet")
    assert quiet["pid"] == child
    assert quiet["live_runs"] == [run_id]
    ids = [{row["name"]: row["server_id"] for row in status["locations"]} for status in (before, after)]
    assert ids[0] == ids[1]  # nobody reloads

    # a live run pins its child
    assert "not idle" in second.command("sleep", "quiet").stdout
    fleet.go_on.touch()
    assert second.run_ends(run_id) == "SUCCESS"
    until(lambda: second.row("quiet")["live_runs"] == [])


def test_ctrl_c_cancels_live_runs_and_says_so(fleet: Fleet) -> None:
    """With the webserver and the daemon that the killed host had started, too."""
    reef, run_id = fleet.host, fleet.run_slowly()
    ends_and_leaves_nothing(reef, fleet.folder)
    assert "cancelling 1 live run:" in reef.said()
    again = fleet.begin("--no-daemon")
    until(lambda: again.entries())
    assert again.run_status(run_id) == "CANCELED"


def test_invariant_5_a_second_start_shows_the_same_fleet_without_waking_one(fleet: Fleet) -> None:
    first = fleet.host
    ids = {row["name"]: row["server_id"] for row in first.status()["locations"]}
    ends_and_leaves_nothing(first, fleet.folder)

    second = fleet.begin("--no-daemon")
    fleet.shown()
    status = second.status()
    rows = {row["name"]: row for row in status["locations"]}
    assert {name: row["server_id"] for name, row in rows.items()} == ids
    for name in ("ticking", "quiet", "third"):
        assert (rows[name]["pid"], rows[name]["wakes"], rows[name]["probes"]) == (None, 0, 0), rows[name]
    second.command("wake", "quiet")
    assert second.row("quiet")["pid"] is not None
    assert second.row("quiet")["server_id"] == ids["quiet"]  # else Dagster would reload it at each wake


def test_invariant_9_a_half_saved_file_does_not_fail_a_call(fleet: Fleet) -> None:
    reef = fleet.host
    reef.command("sleep", "third")
    old = reef.row("third")["server_id"]
    source = fleet.folder / "third" / "defs.py"
    whole = source.read_text()
    source.write_text(whole[: len(whole) // 2] + "\n)))")
    waking = time.monotonic()
    refused = reef.command("wake", "third").stdout
    assert "third: failed" in refused
    assert "does not load" in refused
    assert time.monotonic() - waking > 4.0  # it was given the time to settle
    assert reef.row("third")["server_id"] == old  # the version that loaded is still the one that is shown
    source.write_text(whole + "\n# saved\n")
    until(lambda: "third: warm" in reef.command("wake", "third").stdout)
    assert reef.row("third")["server_id"] != old
