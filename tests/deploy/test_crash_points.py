"""The host is killed amid a promotion, and started again: old or new is served, whole, with its own server id, and once
the new one was served the old one never is again. Here before one step of each kind, as a proof of what `tests/sim`
shows of every step (`test_deaths_table.py`).

The host of these tests kills itself as soon as a file has appeared and a part of a promotion is to be put in its place,
through a `sitecustomize` of the test's own: nothing of the product knows of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from eyes import Eyes, telling, write
from reefs import Reef, until

from deadlines import scaled

pytestmark = pytest.mark.timeout(600)

DYING = """
import os, signal, sys
if "reef.cli.main" in sys.orig_argv and "serve" in sys.orig_argv:
    state, armed, real = os.environ["CRASH_STATE"], os.environ["CRASH_ARMED"], os.replace

    def replace(source, target, **named):
        path = str(target)
        if path.startswith(state) and os.path.exists(armed) and open(armed).read() in path:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(source, target, **named)

    os.replace = replace
"""
PARTS = ("/snapshots/", "/contents/", "/served/", "/copies/")
MOST_LOOKS = 2_000
PAUSE_S = 0.03  # between two looks: those who look take the processor from those who are looked at


class Crashing:
    """One location, promoted again and again by hosts that die earlier or later in it."""

    def __init__(self, folder: Path, start: Callable[..., Reef]) -> None:
        self.folder, self._start = folder, start
        self.armed = folder / "armed"
        write(folder / "crash" / "sitecustomize.py", DYING)
        write(folder / "reef.yaml", "locations:\n  one: {code: one/defs.py, idle_timeout: never}\n")
        self.version = 0
        self.ids = set[str]()
        self.change()
        self.reef = self.host()

    def change(self) -> None:
        self.version += 1
        write(self.folder / "one" / "defs.py", telling(self.job))

    @property
    def job(self) -> str:
        return f"v{self.version}"

    def host(self) -> Reef:
        env = {
            "PYTHONPATH": str(self.folder / "crash"),
            "CRASH_STATE": str(self.folder / "s"),
            "CRASH_ARMED": str(self.armed),
        }
        self.reef = self._start("serve", self.folder / "reef.yaml", self.folder / "s", env=env).until_up()
        self.eyes = Eyes(self.reef, "one")
        return self.reef

    def die_at(self, part: str) -> None:
        """Promote until this part of it is to be put in its place."""
        self.change()
        self.armed.write_text(part)
        try:
            self.eyes.client.reload_code(timeout=scaled(60))
        except DagsterUserCodeUnreachableError:
            pass
        try:
            until(self.has_died)
        finally:
            self.armed.unlink()

    def has_died(self) -> bool:
        return self.reef.process.poll() is not None


@pytest.fixture(scope="module")
def crashing(folder: Path, start: Callable[..., Reef]) -> Crashing:
    return Crashing(folder / "h", start)


@pytest.mark.parametrize("part", PARTS)
def test_invariant_14_a_host_killed_amid_a_promotion(crashing: Crashing, part: str) -> None:
    """Just before a part of it is written."""
    eyes = crashing.eyes
    eyes.tick()  # warm, so that the old child is drained
    old, old_id = crashing.job, settled(crashing)
    crashing.die_at(part)
    crashing.host()
    new, seen = f"{crashing.job}_job", [look(crashing.eyes)]
    while seen[-1][0] != new:
        time.sleep(PAUSE_S)
        seen.append(look(crashing.eyes))
        assert len(seen) < MOST_LOOKS, seen[-1]
    settled(crashing)
    seen.append(look(crashing.eyes))
    jobs = [job for job, _ in seen]
    assert set(jobs) <= {f"{old}_job", new}, seen
    assert jobs == sorted(jobs, key=lambda job: job == new), "it went back"
    assert all((job == new) is (one != old_id) for job, one in seen), seen
    told = crashing.eyes.tick()
    assert told["pid"] == crashing.reef.row("one")["pid"]
    assert crashing.eyes.jobs() == [f"{crashing.job}_job"]
    assert settled(crashing) not in crashing.ids
    crashing.ids |= {old_id, settled(crashing)}
    left = [path for path in (crashing.folder / "s").rglob(".*") if ".write-test" not in path.name]
    assert left == [], "half-written files of crashes pile up"


def look(eyes: Eyes) -> tuple[str, str]:
    """The job that is shown, and the id before and after it, if that is one."""
    while True:
        before, jobs, after = eyes.server_id(), eyes.jobs(), eyes.server_id()
        if before == after:
            return jobs[0], before


def settled(crashing: Crashing) -> str:
    """The id that goes with what is served: it may lag behind."""
    return until(
        lambda: found if (found := crashing.eyes.server_id()) == crashing.reef.row("one")["server_id"] else ""
    )
