"""`reef up` as a person uses it: the real webserver and the real daemon, on a fleet with a broken location."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from reefs import Reef, processes_mentioning, until
from small_fleet import write_fleet

from deadlines import scaled

pytestmark = pytest.mark.timeout(300)


def test_a_fleet_is_served_ticks_runs_and_goes_away(folder: Path, reefs: list[Reef]) -> None:
    workspace = write_fleet(folder)
    reef = Reef("up", workspace, folder / "s")
    reefs.append(reef)
    reef.until_up()

    shown = until(lambda: entries if len(entries := reef.entries()) == 5 and all(entries.values()) else {})
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

    # Ctrl-C: everything ends within ten seconds, and nothing is left
    assert reef.stop() < scaled(10.0)
    assert reef.process.returncode == 0
    left = until(
        lambda: not processes_mentioning(str(folder)) or None, 5.0, str(processes_mentioning(str(folder)))
    )
    assert left
    assert not list((folder / "s" / "l").iterdir())
    assert not list((folder / "s" / "c").iterdir())
    assert not (folder / "s" / "admin.sock").exists()


def test_invariant_5_a_second_start_shows_the_same_fleet_without_waking_one(
    folder: Path, reefs: list[Reef]
) -> None:
    workspace = write_fleet(folder)
    first = Reef("serve", workspace, folder / "s")
    reefs.append(first)
    first.until_up()
    ids = {row["name"]: row["server_id"] for row in first.status()["locations"]}
    first.stop()

    second = Reef("up", workspace, folder / "s", "--no-daemon")
    reefs.append(second)
    second.until_up()
    until(lambda: len(found := second.entries()) == 5 and all(found.values()))
    status = second.status()
    rows = {row["name"]: row for row in status["locations"]}
    assert {name: row["server_id"] for name, row in rows.items()} == ids
    for name in ("ticking", "quiet", "third"):
        assert (rows[name]["pid"], rows[name]["wakes"], rows[name]["probes"]) == (None, 0, 0), rows[name]
    second.command("wake", "quiet")
    assert second.row("quiet")["pid"] is not None
    assert second.row("quiet")["server_id"] == ids["quiet"]  # else Dagster would reload it at each wake


def test_the_host_is_killed_and_started_again_while_everything_goes_on(
    folder: Path, reefs: list[Reef]
) -> None:
    workspace = write_fleet(folder)
    first = Reef("up", workspace, folder / "s")
    reefs.append(first)
    first.until_up()
    until(lambda: len(first.entries()) == 5)
    before = first.status()
    run_id = first.launch("quiet", "slow")
    until((folder / "slow-started").exists, 30.0, "for the run to start")
    child = first.row("quiet")["pid"]
    first.kill()

    second = Reef("up", workspace, folder / "s", port=first.port)
    reefs.append(second)
    second.until_up()
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
    (folder / "slow-started.go").touch()
    assert second.run_ends(run_id) == "SUCCESS"
    until(lambda: second.row("quiet")["live_runs"] == [])
    assert second.stop() < scaled(10.0)


def test_a_run_outlives_its_code_server_and_can_still_be_cancelled(folder: Path, reefs: list[Reef]) -> None:
    workspace = write_fleet(folder)
    reef = Reef("up", workspace, folder / "s")
    reefs.append(reef)
    reef.until_up()
    until(lambda: len(reef.entries()) == 5)
    run_id = reef.launch("quiet", "slow")
    until((folder / "slow-started").exists, 30.0, "for the run to start")
    until(lambda: reef.row("quiet")["live_runs"] == [run_id])
    until(lambda: list((folder / "s" / "runs").iterdir()))
    os.kill(reef.row("quiet")["pid"], signal.SIGKILL)
    until(lambda: reef.row("quiet")["pid"] is None)
    assert reef.run_status(run_id) == "STARTED"
    mutation = "mutation($r: String!){terminateRun(runId: $r){__typename ... on PythonError{message}}}"
    answer = reef.graphql(mutation, {"r": run_id})["terminateRun"]
    assert answer["__typename"] == "TerminateRunSuccess", answer
    assert reef.run_ends(run_id) == "CANCELED"


def test_a_run_whose_process_is_killed_with_its_server_is_reported_failed(
    folder: Path, reefs: list[Reef]
) -> None:
    workspace = write_fleet(folder)
    reef = Reef("up", workspace, folder / "s")
    reefs.append(reef)
    reef.until_up()
    until(lambda: len(reef.entries()) == 5)
    run_id = reef.launch("quiet", "slow")
    until((folder / "slow-started").exists, 30.0, "for the run to start")
    until(lambda: list((folder / "s" / "runs").iterdir()))
    os.kill(reef.row("quiet")["pid"], signal.SIGKILL)
    until(lambda: reef.row("quiet")["pid"] is None)
    os.kill(int((folder / "slow-started").read_text()), signal.SIGKILL)
    assert reef.run_ends(run_id) == "FAILURE"


def test_invariant_9_a_half_saved_file_does_not_fail_a_call(folder: Path, reefs: list[Reef]) -> None:
    workspace = write_fleet(folder)
    reef = Reef("serve", workspace, folder / "s")
    reefs.append(reef)
    reef.until_up()
    old = reef.row("third")["server_id"]
    source = folder / "third" / "defs.py"
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


def test_ctrl_c_cancels_live_runs_and_says_so(folder: Path, reefs: list[Reef]) -> None:
    workspace = write_fleet(folder)
    reef = Reef("up", workspace, folder / "s")
    reefs.append(reef)
    reef.until_up()
    until(lambda: len(reef.entries()) == 5)
    run_id = reef.launch("quiet", "slow")
    until((folder / "slow-started").exists, 30.0, "for the run to start")
    until(lambda: list((folder / "s" / "runs").iterdir()))
    assert reef.stop() < scaled(10.0)
    assert "cancelling 1 live run:" in reef.said()
    again = Reef("up", workspace, folder / "s", "--no-daemon")
    reefs.append(again)
    again.until_up()
    until(lambda: again.entries())
    assert again.run_status(run_id) == "CANCELED"
