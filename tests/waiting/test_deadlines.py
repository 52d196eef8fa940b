"""Deadlines of tests: those of a quiet machine on a quiet one, longer on a slow one, and they end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import deadlines
import yardstick
from deadlines import MEASURED, Deadline, scaled, until
from yardstick import QUIET_S, SLOWEST, Sample


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of measurements that are made up; `add` writes into it."""
    file = tmp_path / "measured"
    file.write_text("")
    monkeypatch.setenv(MEASURED, str(file))
    return file


def add(file: Path, ago_s: float, slowness: float) -> None:
    with file.open("a") as out:
        out.write(f"{time.monotonic() - ago_s} {QUIET_S * slowness} {QUIET_S}\n")


@pytest.mark.parametrize(
    ("slowness", "seconds"), [(0.2, 60.0), (0.8, 60.0), (1.0, 60.0), (4.0, 240.0), (999.0, 60.0 * SLOWEST)]
)
def test_seconds_are_stretched_and_never_shortened(measured: Path, slowness: float, seconds: float) -> None:
    add(measured, 1.0, slowness)
    assert scaled(60.0) == pytest.approx(seconds)


def test_what_was_measured_long_ago_no_longer_counts(measured: Path) -> None:
    add(measured, 300.0, 9.0)
    assert scaled(1.0) == pytest.approx(9.0)  # there is nothing newer
    for ago_s, slowness in ((30.0, 2.0), (10.0, 3.0), (1.0, 2.0)):
        add(measured, ago_s, slowness)
    assert scaled(1.0) == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("slownesses", "quiet_s"),
    [((1.0,), 40.0), ((4.0,), 10.0), ((4.0, 1.0), 5.0 + 20.0), ((1.0, 2.0, 4.0), 20.0 + 5.0 + 2.5)],
)
def test_a_second_counts_as_much_less_as_the_machine_was_slower(
    measured: Path, slownesses: tuple[float, ...], quiet_s: float
) -> None:
    """The first holds from before the start on, 40 s ago; the second came 20 s ago, the third 10 s."""
    for ago_s, slowness in zip((50.0, 20.0, 10.0), slownesses, strict=False):
        add(measured, ago_s, slowness)
    deadline = Deadline(quiet_s + 0.5)
    deadline.started -= 40.0
    assert deadline.left_s == pytest.approx(0.5, abs=0.2)


def test_a_line_that_is_being_written_is_not_read(measured: Path) -> None:
    add(measured, 1.0, 2.0)
    with measured.open("a") as out:
        out.write("17.0 9")
    assert [sample.slowness for sample in yardstick.read(measured)] == pytest.approx([2.0])


def test_a_deadline_grows_with_a_load_that_comes_while_it_is_waited(measured: Path) -> None:
    add(measured, 0.0, 1.0)
    deadline = Deadline(0.05)
    looks = []

    def busy_now() -> bool:
        looks.append(deadline.over)
        if len(looks) == 1:
            add(measured, 0.0, SLOWEST)
        return time.monotonic() - deadline.started > 0.2

    until(busy_now, 0.05)
    assert looks
    assert not any(looks)


def test_what_does_not_come_ends_and_says_how_slow_the_machine_was(measured: Path) -> None:
    add(measured, 0.0, 2.0)
    with pytest.raises(AssertionError, match=r"waited 0\.\d s \(0\.1 s of a quiet machine\) in vain for it"):
        until(lambda: False, 0.05, "for it", every_s=0.01)


@pytest.mark.parametrize(
    ("waited_s", "look_s", "pause"),
    [
        (0.0, 0.0, 0.05),
        (2.0, 0.0, 0.16),  # a wait that is long already
        (60.0, 0.0, 0.5),
        (60.0, 0.1, 0.5),
        (1.0, 0.4, 1.2),  # a look that the webserver computes for
        (1.0, 20.0, 3.0),
    ],
)
def test_who_looks_leaves_the_processor_to_what_is_waited_for(
    waited_s: float, look_s: float, pause: float
) -> None:
    assert deadlines.pause_s(waited_s, look_s, 0.05) == pytest.approx(pause)


def test_where_nobody_measures_each_question_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(MEASURED)
    monkeypatch.setattr(yardstick, "measure", lambda: Sample(time.monotonic(), QUIET_S * 3, QUIET_S))
    assert deadlines.slowness() == pytest.approx(3.0)


def test_more_work_than_processors_is_felt() -> None:
    """Of two measurements on this machine, whatever else runs here."""
    before = min(yardstick.measure().wall_s for _ in range(5))
    command = [sys.executable, "-c", "while True: pass"]
    busy = [subprocess.Popen(command) for _ in range(3 * len(os.sched_getaffinity(0)))]
    try:
        slow = [yardstick.measure() for _ in range(5)]
    finally:
        for process in busy:
            process.kill()
            process.wait()
    assert max(sample.wall_s for sample in slow) > 1.5 * before
    assert sum(sample.cpu_s for sample in slow) < sum(sample.wall_s for sample in slow)


SLOW_TEST = """
import time
import pytest

@pytest.mark.timeout(0.4)
def test_slow():
    time.sleep(0.8)
"""


@pytest.mark.parametrize(("slowness", "outcome"), [(1.0, "failed"), (5.0, "passed")])
def test_the_time_limit_of_a_test_follows_too(
    tmp_path: Path, measured: Path, slowness: float, outcome: str
) -> None:
    """A pytest of its own, with this one's conftest; its measurements are made up."""
    add(measured, 0.0, slowness)
    (tmp_path / "test_slow.py").write_text(SLOW_TEST)
    conftest = Path(yardstick.__file__).with_name("conftest.py")
    (tmp_path / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(conftest.parent)!r})\nexec(open({str(conftest)!r}).read())\n"
    )
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-c",
        "/dev/null",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(100))
    assert f"1 {outcome}" in done.stdout, done.stdout + done.stderr
    assert ("Timeout (>0.4s)" in done.stdout) is (outcome == "failed")
