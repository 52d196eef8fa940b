"""Twenty locations that are called at once, in a fleet whose memory budget holds only some of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eyes import Eyes, telling, write
from reefs import Reef, processes_mentioning, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(120)

MANY = 20
AT_ONCE = 3
BUDGET_MB = 120
SLOW_LOAD = """
import os, time
def note(what):
    fd = os.open({log!r}, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(fd, f"{{time.monotonic()}} {{what}}\\n".encode())
    os.close(fd)
note(1)
time.sleep(0.15)
note(-1)
"""


@pytest.fixture(scope="module")
def reef(folder: Path, start: Callable[..., Reef]) -> Reef:
    lines = [f"memory_budget: {BUDGET_MB}M", f"max_simultaneous_wakes: {AT_ONCE}"]
    lines += ["defaults: {idle_timeout: never}", "locations:"]
    before = SLOW_LOAD.format(log=str(folder / "loads"))
    for number in range(MANY):
        name = f"l{number}"
        write(folder / name / "defs.py", telling(name, before=before))
        lines += [f"  {name}:", f"    code: {name}/defs.py"]
    write(folder / "reef.yaml", "\n".join([*lines, ""]))
    return start("serve", folder / "reef.yaml", folder / "s").until_up()


def most_at_once(log: Path) -> int:
    changes = sorted(
        (float(at), int(what)) for at, what in (line.split() for line in log.read_text().splitlines())
    )
    loading = [sum(what for _, what in changes[: n + 1]) for n in range(len(changes))]
    return max(loading)


def test_all_are_answered_and_few_load_at_a_time(reef: Reef, folder: Path) -> None:
    (folder / "loads").unlink()  # of the probes
    with ThreadPoolExecutor(MANY) as pool:
        told = list(pool.map(lambda number: Eyes(reef, f"l{number}").tick(), range(MANY)))
    assert len({one["pid"] for one in told}) == MANY
    assert most_at_once(folder / "loads") <= AT_ONCE
    assert len((folder / "loads").read_text().splitlines()) == 2 * MANY


def test_beyond_the_memory_budget_the_least_recently_used_are_ended(reef: Reef) -> None:
    def warm() -> dict[str, int]:
        return {row["name"]: row["private_bytes"] for row in reef.status()["locations"] if row["pid"]}

    def fits() -> dict[str, int]:
        found = warm()
        return found if all(found.values()) and sum(found.values()) <= BUDGET_MB * 1e6 else {}

    before = until(fits, 20.0, "for the fleet to fit its budget")
    assert 0 < len(before) < MANY
    asleep = next(f"l{n}" for n in range(MANY) if f"l{n}" not in before)
    assert Eyes(reef, asleep).tick()["pid"]
    after = until(fits, 20.0, "for the fleet to fit its budget again")
    assert asleep in after  # the one that was just used is not the one that goes


def test_a_state_directory_that_is_removed_does_not_keep_the_host_from_ending(reef: Reef) -> None:
    shutil.rmtree(reef.state)
    assert reef.stop() < scaled(10)
    assert reef.process.returncode == 0
    assert "Traceback" not in reef.said()
    assert not processes_mentioning(str(reef.state))
