"""Deploys in waves through a real host: pins, gates, halts, and what is taken back.

The tests of this module share one host and follow one another; each leaves a fleet that is deployed.
"""

from __future__ import annotations

import json
import signal

import pytest
from reefs import until
from wave_fleet import NAMES, Waves

pytestmark = pytest.mark.timeout(240)


def test_wave_by_wave_and_those_that_wait_serve_the_old_version_whoever_wakes_them(waves: Waves) -> None:
    before = waves.served()
    waves.write("2")
    shown = waves.host.command("plan", check=False).stdout
    assert "wave 1: canary\nwave 2: a, b, c" in shown
    watching = waves.begin("--all", "--wave", "2,100%", "--soak", "3s")
    waves.until_soaking(1, 1)
    watching.send_signal(signal.SIGINT)  # ends the watching, not the deploy
    out, err = waves.end(watching, 130)
    assert "4 locations in 3 waves of 1, 1, 2" in out
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


def test_a_job_that_goes_while_it_runs_is_refused_unless_it_is_wished_and_the_run_goes_on(
    waves: Waves,
) -> None:
    waves.write("7", only=("a",), jobs="waiting")
    assert waves.deploy("a", "--wave", "1")["refused"] == []
    run_id = waves.launch("a", "waiting")
    until(waves.run.exists, what="for the run")
    waves.write("8", only=("a",))
    refused = waves.deploy("a", status=1)["results"]["a"]
    assert (refused["reason"], refused["live_runs"]) == ("it would remove jobs waiting", [run_id])
    told = waves.deploy("a", "--allow-removals")["results"]["a"]
    assert (told["state"], told["live_runs"]) == ("promoted", [run_id])
    assert "version 8" in waves.tick("a")
    assert waves.host.row("a")["live_runs"] == [run_id]
    waves.run.with_name("run.go").touch()
    until(waves.run.with_name("run.done").exists, what="for the run to end by itself")
    until(lambda: not waves.host.row("a")["draining"], what="for the old server to end")


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
