"""The host is killed between any two steps of a promotion, and started again: old or new is served, whole, with its
own server id, and once the new one was served the old one never is again.

A step is a call that changes what is on disk. The host of these tests kills itself at the nth of them after a file has
appeared, through a `sitecustomize` of the test's own: nothing of the product knows of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from dagster._core.errors import DagsterUserCodeUnreachableError
from eyes import Eyes, telling, write
from reefs import Reef, until

from deadlines import scaled
from reef.errors import ReefError

pytestmark = pytest.mark.timeout(600)

DYING = """
import os, signal, sys
if "reef.cli.main" in sys.orig_argv and "serve" in sys.orig_argv:
    state, armed, steps = (os.environ["CRASH_" + name] for name in ("STATE", "ARMED", "STEPS"))
    count = 0

    def of_state(words):
        if isinstance(words[0], int):
            try:
                words = [os.readlink(f"/proc/self/fd/{words[0]}")]
            except OSError:
                return None
        return next((str(word) for word in words[::-1] if str(word).startswith(state)), None)

    def stepping(name):
        real = getattr(os, name)

        def step(*words, **named):
            global count
            path = of_state(words)
            if path is not None and os.path.exists(armed):
                count += 1
                with open(steps, "a") as file: file.write(f"{name} {path[len(state):]}\\n")
                if count == int(open(armed).read()):
                    os.kill(os.getpid(), signal.SIGKILL)
            return real(*words, **named)

        setattr(os, name, step)

    for name in ("replace", "rename", "fsync", "link", "unlink", "mkdir", "symlink", "chmod", "utime"):
        stepping(name)
"""
HOSTS = 2
NEVER = 10**6
MOST_STEPS = 60
MOST_LOOKS = 2_000
PAUSE_S = 0.01  # between two looks: those who look take the processor from those who are looked at


class Crashing:
    """One location, promoted again and again by hosts that die earlier or later in it."""

    def __init__(self, folder: Path, start: Callable[..., Reef]) -> None:
        self.folder, self._start = folder, start
        self.armed, self.steps = folder / "armed", folder / "steps"
        write(folder / "crash" / "sitecustomize.py", DYING)
        write(folder / "reef.yaml", "locations:\n  one: {code: one/defs.py, idle_timeout: never}\n")
        self.version = 0
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
            "CRASH_STEPS": str(self.steps),
        }
        self.reef = self._start("serve", self.folder / "reef.yaml", self.folder / "s", env=env).until_up()
        self.eyes = Eyes(self.reef, "one")
        return self.reef

    def promote(self, die_at: int) -> list[str]:
        """Until the nth step, or the end; the steps that were begun."""
        self.steps.unlink(missing_ok=True)
        self.steps.touch()
        self.change()
        self.armed.write_text(str(die_at))
        try:
            self.eyes.client.reload_code(timeout=scaled(60))
            until(lambda: self.has_died() or self.eyes.jobs() == [f"{self.job}_job"])
            until(lambda: self.has_died() or self.history()[-1:] == [True])
        except DagsterUserCodeUnreachableError:
            until(self.has_died)
        finally:
            self.armed.unlink()
        return self.steps.read_text().splitlines()

    def has_died(self) -> bool:
        return self.reef.process.poll() is not None

    def history(self) -> list[bool]:
        """Whether the newest entry is of what is there now."""
        files = list((self.folder / "s" / "history").iterdir())
        try:
            served = self.reef.row("one")["version"]
        except ReefError:  # it has just died
            return []
        return [served in file.read_text().splitlines()[-1] for file in files]


def test_invariant_14_a_host_killed_between_any_two_steps_of_a_promotion(
    folder: Path, start: Callable[..., Reef]
) -> None:
    """Some hosts share the steps: most of the time is waiting for server ids, which follow their answers later."""
    with ThreadPoolExecutor(HOSTS) as pool:
        list(
            pool.map(lambda first: crash_at_each(Crashing(folder / f"h{first}", start), first), range(HOSTS))
        )


def crash_at_each(crashing: Crashing, first: int) -> None:
    """At every step that falls to this host."""
    eyes = crashing.eyes
    eyes.tick()  # warm, so that the old child is drained
    steps = crashing.promote(NEVER)
    assert any("/served/" in step for step in steps), steps
    assert any("/snapshots/" in step for step in steps), steps
    assert any("/contents/" in step for step in steps), steps
    assert len(steps) < MOST_STEPS
    ids = {crashing.job: eyes.server_id()}
    for nth in range(1 + first, len(steps) + 2, HOSTS):
        old, old_id = crashing.job, settled(crashing)
        crashing.promote(nth)
        if not crashing.has_died():  # later promotions have fewer steps than the first
            crashing.reef.kill()
        crashing.host()
        new, seen = f"{crashing.job}_job", [look(crashing.eyes)]
        while seen[-1][0] != new:
            time.sleep(PAUSE_S)
            seen.append(look(crashing.eyes))
            assert len(seen) < MOST_LOOKS, (nth, seen[-1])
        settled(crashing)
        seen.append(look(crashing.eyes))
        jobs = [job for job, _ in seen]
        assert set(jobs) <= {f"{old}_job", new}, (nth, seen)
        assert jobs == sorted(jobs, key=lambda job: job == new), (nth, "it went back")
        assert all((job == new) is (one != old_id) for job, one in seen), (nth, seen)
        told = crashing.eyes.tick()
        assert told["pid"] == crashing.reef.row("one")["pid"]
        assert crashing.eyes.jobs() == [f"{crashing.job}_job"]
        ids[crashing.job] = settled(crashing)
    assert len(set(ids.values())) == len(ids)
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
