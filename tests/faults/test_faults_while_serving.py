"""What goes wrong once a fleet is up: each hits its own location, while a neighbour is called all the time."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from eyes import Eyes, telling, write
from reefs import Reef, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(200)

LAUNCH = Path(__file__).parents[1] / "guest" / "launch_run.py"
SLOW = """
    with open({marker!r}, "a") as file: file.write("ticked\\n")
    import time
    deadline = time.monotonic() + 600
    while (context.cursor or "") == "slow" and time.monotonic() < deadline: time.sleep(0.05)
"""
GROW = """
    if context.cursor == "grow": sys.modules["hoard"] = [b"%d" % n * (1 << 20) for n in range(400)]
"""
DIE = "import os\nif os.path.exists({marker!r}): os._exit(5)"
SWELL = "import os\nif os.path.exists({marker!r}): hoard = [b'%d' % n * (1 << 20) for n in range(1500)]"
RUNS = """
@op
def mark():
    with open({marker!r}, "a") as file: file.write(f"{{__import__('os').getpid()}}\\n")

@job(executor_def=in_process_executor)
def marking():
    mark()

defs = Definitions(jobs=[runs_job, marking], sensors=[tell])
"""
LOCATIONS = {
    "neighbour": "idle_timeout: never",
    "slow": "idle_timeout: never",
    "grows": "memory_limit: 300Mi",
    "swells": "memory_limit: 300Mi",
    "dies": "idle_timeout: never",
    "idles": "idle_timeout: 1s",
    "keeps": "on_load_error: keep",
    "shows": "on_load_error: show",
    "mended": "idle_timeout: never",
    "runs": "idle_timeout: never",
}


def sources(folder: Path) -> dict[str, str]:
    special = {
        "slow": telling("slow", tick=SLOW.format(marker=str(folder / "slow.ticks"))),
        "grows": telling("grows", tick=GROW),
        "dies": telling("dies", before=DIE.format(marker=str(folder / "die"))),
        "swells": telling("swells", before=SWELL.format(marker=str(folder / "swell"))),
        "mended": "import nowhere_to_be_found\n",
        "runs": telling("runs", after=RUNS.format(marker=str(folder / "runs.marks"))),
    }
    return {name: telling(name) for name in LOCATIONS} | special


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef]) -> Reef:
    lines = ["locations:"]
    for name, source in sources(folder).items():
        write(folder / name / "defs.py", source)
        lines += [f"  {name}:", f"    code: {name}/defs.py", f"    {LOCATIONS[name]}"]
    (folder / "home").mkdir()
    write(folder / "reef.yaml", "\n".join([*lines, ""]))
    home = ("--dagster-home", str(folder / "home"))
    return start("serve", folder / "reef.yaml", folder / "s", *home).until_up()


class Neighbour(threading.Thread):
    """Ticks all the time; what it sees is judged at the end."""

    def __init__(self, reef: Reef) -> None:
        super().__init__(daemon=True)
        self.eyes = Eyes(reef, "neighbour")
        self.pids: set[int] = set()
        self.failures: list[str] = []
        self.slowest_s = 0.0
        self.over = threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.2):
            started = time.monotonic()
            try:
                self.pids.add(self.eyes.tick()["pid"])
            except Exception as error:
                self.failures.append(repr(error))
            self.slowest_s = max(self.slowest_s, time.monotonic() - started)


@pytest.fixture(scope="module", autouse=True)
def neighbour(reef: Reef) -> Iterator[Neighbour]:
    neighbour = Neighbour(reef)
    neighbour.start()
    yield neighbour
    neighbour.over.set()
    neighbour.join(scaled(30))


@pytest.fixture(scope="module")
def side() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def test_a_server_killed_in_the_middle_of_a_call(reef: Reef, folder: Path, side: ThreadPoolExecutor) -> None:
    eyes, ticks = Eyes(reef, "slow"), folder / "slow.ticks"
    call = side.submit(eyes.tick, cursor="slow", timeout=40)
    until(ticks.exists, what="for the call to be under way")
    killed = reef.row("slow")["pid"]
    started = time.monotonic()
    os.kill(killed, signal.SIGKILL)
    with pytest.raises(DagsterUserCodeUnreachableError):
        call.result(scaled(40))
    assert time.monotonic() - started < scaled(10)  # told at once, not at the deadline
    assert ticks.read_text() == "ticked\n"  # user code had begun: it is not for Reef to begin it again
    assert eyes.tick()["pid"] != killed
    row = reef.row("slow")
    assert (row["state"], row["wakes"]) == ("warm", 2)
    until(
        lambda: "was killed by SIGKILL" in (reef.row("slow")["last_error"] or ""),
        what="for the death to be told: the next call may be faster than the zygote's word of it",
    )


def test_memory_that_grows_after_the_load_ends_the_server(reef: Reef) -> None:
    eyes = Eyes(reef, "grows")
    first = eyes.tick()["pid"]
    with contextlib.suppress(DagsterUserCodeUnreachableError):  # the limit may end the call that exceeds it
        eyes.tick(cursor="grow")
    until(lambda: not Path(f"/proc/{first}").exists(), 20.0, "for the limit to be enforced")
    assert "its memory limit of 300 MiB is exceeded" in reef.row("grows")["last_error"]
    assert eyes.tick()["pid"] != first


def test_memory_that_a_load_takes_at_a_wake_ends_that_wake(reef: Reef, folder: Path) -> None:
    eyes, swell = Eyes(reef, "swells"), folder / "swell"
    swell.touch()
    refusal = eyes.refusal()
    assert "its memory limit of 300 MiB is exceeded" in refusal
    assert "while it was loading" in refusal
    swell.unlink()
    assert eyes.tick()["pid"]


def test_one_that_dies_at_each_wake_is_tried_less_and_less_often(reef: Reef, folder: Path) -> None:
    eyes, die = Eyes(reef, "dies"), folder / "die"
    die.touch()
    for failures in range(1, 5):
        assert "exit status 5" in eyes.refusal()
        assert reef.row("dies")["state"] == "failed", failures
    started = time.monotonic()
    assert "failed to start 4 times in a row, next attempt in" in eyes.refusal()
    assert time.monotonic() - started < scaled(2)  # refused, not tried again
    assert eyes.jobs() == ["dies_job"]  # what needs no code of it is still answered
    die.unlink()

    def well() -> bool:
        try:
            return bool(eyes.tick())
        except DagsterUserCodeUnreachableError:
            return False

    until(well, 20.0, "for the next attempt")
    assert reef.row("dies")["state"] == "warm"


def test_an_idle_location_sleeps(reef: Reef) -> None:
    told = Eyes(reef, "idles").tick()
    until(lambda: not Path(f"/proc/{told['pid']}").exists(), 15.0, "for it to sleep")
    row = reef.row("idles")
    assert (row["state"], row["last_error"]) == ("asleep", None)


def test_invariant_8_keep_serves_the_last_good_version_and_show_the_error(reef: Reef, folder: Path) -> None:
    whole = {name: (folder / name / "defs.py").read_text() for name in ("keeps", "shows")}
    before = {name: Eyes(reef, name).server_id() for name in whole}
    for name in whole:
        (folder / name / "defs.py").write_text("raise ValueError('half done')\n")
        Eyes(reef, name).client.reload_code(timeout=scaled(60))
    assert Eyes(reef, "keeps").jobs() == ["keeps_job"]
    assert Eyes(reef, "keeps").server_id() == before["keeps"]
    assert "half done" in reef.row("keeps")["last_error"]
    assert "half done" in Eyes(reef, "shows").load_error()
    until(lambda: Eyes(reef, "shows").server_id() != before["shows"], what="for Dagster to be told")
    for name, text in whole.items():
        (folder / name / "defs.py").write_text(text)
        Eyes(reef, name).client.reload_code(timeout=scaled(60))
        assert Eyes(reef, name).jobs() == [f"{name}_job"]
    for name, same in before.items():  # the same code is the same version
        until(lambda: Eyes(reef, name).server_id() == same, what="for Dagster to be told")  # noqa: B023
        assert reef.row(name)["last_error"] is None


def test_a_location_that_is_mended_is_well_again(reef: Reef, folder: Path) -> None:
    eyes = Eyes(reef, "mended")
    assert "nowhere_to_be_found" in eyes.load_error()
    assert "nowhere_to_be_found" in eyes.refusal()
    assert "nothing changed" not in reef.command("reload", "mended").stdout
    write(folder / "mended" / "defs.py", telling("mended"))
    assert eyes.tick()["pid"]  # the next call finds that it changed
    assert eyes.jobs() == ["mended_job"]
    row = reef.row("mended")
    assert (row["state"], row["last_error"]) == ("warm", None)


def test_a_killed_zygote_is_built_again_and_nobody_waits_in_vain(reef: Reef) -> None:
    (before,) = until(reef.learned_zygotes, 60.0, "for the zygote that stays")
    living = Eyes(reef, "keeps").tick()["pid"]
    os.kill(before["pid"], signal.SIGKILL)
    told = Eyes(reef, "shows").tick()
    row = reef.row("shows")
    assert row["pid"] == told["pid"]
    assert row["forked"] or row["not_forked_because"], row
    assert Eyes(reef, "keeps").tick()["pid"] == living  # children outlive their zygote
    after = until(
        lambda: [z for z in reef.status()["zygotes"] if z["pid"] != before["pid"]], 40.0, "for another"
    )
    assert after[0]["key"] == before["key"]
    reef.command("sleep", "shows")
    assert Eyes(reef, "shows").tick()
    assert reef.row("shows")["forked"] is True


def launch(reef: Reef, folder: Path) -> subprocess.Popen[str]:
    """A run of the job `marking`, launched by Dagster's own client through the gateway."""
    return subprocess.Popen(
        [sys.executable, str(LAUNCH), Eyes(reef, "runs").where["socket"], "marking"],
        env={**os.environ, "DAGSTER_HOME": str(folder / "home")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_invariant_12_a_run_is_started_once_whenever_its_server_dies(reef: Reef, folder: Path) -> None:
    marks = folder / "runs.marks"
    first = Eyes(reef, "runs").tick()["pid"]
    os.kill(first, signal.SIGSTOP)
    stuck = launch(reef, folder)
    until(lambda: reef.row("runs")["in_flight"] == 1, 40.0, "for StartRun to have been passed on")
    os.kill(first, signal.SIGKILL)
    said, _ = stuck.communicate(timeout=scaled(60))
    assert stuck.returncode != 0, said  # nobody can say whether it started, so it is not sent again
    row = reef.row("runs")
    assert (row["wakes"], row["pid"]) == (1, None)
    assert not marks.exists()

    second = Eyes(reef, "runs").tick()["pid"]
    os.kill(second, signal.SIGKILL)
    fine = launch(reef, folder)  # the server is dead before a byte of it was sent
    said, _ = fine.communicate(timeout=scaled(60))
    assert fine.returncode == 0, said
    until(marks.exists, what="for the run")
    until(lambda: reef.row("runs")["live_runs"] == [], 40.0, "for the run to end")
    assert len(marks.read_text().splitlines()) == 1


def test_invariant_17_the_isolation_is_what_the_page_states(reef: Reef) -> None:
    """Own: process, environment. Shared: user, file system, network. (Memory limits: the tests above.)"""
    page = (Path(__file__).parents[2] / "docs" / "flaws.md").read_text("utf-8")
    assert (
        "Each has its own process, environment and memory limit; all have one user,\n  one file system and one network"
        in page
    )
    pids = [Eyes(reef, name).tick()["pid"] for name in ("neighbour", "slow")]
    assert pids == [reef.row(name)["pid"] for name in ("neighbour", "slow")]
    assert {reef.row(name)["placement"] for name in ("neighbour", "slow")} == {"packed"}
    assert len({*pids, reef.process.pid}) == 3
    assert len({os.readlink(f"/proc/{pid}/cwd") for pid in pids}) == 1
    for shared in ("ns/net", "ns/mnt", "ns/user", "root"):
        assert len({os.readlink(f"/proc/{pid}/{shared}") for pid in (*pids, reef.process.pid)}) == 1, shared
    assert {os.stat(f"/proc/{pid}").st_uid for pid in pids} == {os.getuid()}


def test_invariant_13_the_neighbour_noticed_nothing(reef: Reef, neighbour: Neighbour) -> None:
    assert neighbour.failures == []
    assert len(neighbour.pids) == 1
    assert neighbour.slowest_s < scaled(10)
    row = reef.row("neighbour")
    assert (row["probes"], row["wakes"], row["last_error"]) == (1, 1, None)
    assert "Traceback" not in (reef.state / "logs" / "reef.log").read_text()
