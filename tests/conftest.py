"""Every deadline follows the machine's slowness, which is measured beside the tests (`deadlines.py`); the longest files
come first (`order.py`); hosts know what others found out about interpreters (`known.py`)."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

import order
import yardstick
from deadlines import MEASURED, Deadline
from known import KNOWN
from lab.fixtures import api_server, kube_namespace  # noqa: F401 (one API server for tests of all folders)
from yardstick import Sample

TOOK_S: dict[str, float] = {}  # in the process that hears of all tests
MEASURING = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """One measurement for all workers, which have its file in their environment, and one folder of what hosts know."""
    if MEASURED in os.environ:
        return
    os.environ[KNOWN] = tempfile.mkdtemp(prefix="reef-known-")
    fd, file = tempfile.mkstemp(prefix="reef-yardstick-")
    os.close(fd)
    os.environ[MEASURED] = file
    command = [sys.executable, yardstick.__file__, file]
    config.stash[MEASURING] = subprocess.Popen(command, stdin=subprocess.PIPE)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, Any, Any]:
    """What is collected stays: to look through it for garbage is a seventh of the collection, in each worker."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = order.longest_first(items, lambda item: order.file_of(item.nodeid), order.seconds())


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """As `--dist loadfile`, by units instead of files."""
    from xdist.scheduler import LoadFileScheduling

    class ByUnit(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return order.unit_of(order.file_of(nodeid))

    return ByUnit(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    file = order.file_of(report.nodeid)
    TOOK_S[file] = TOOK_S.get(file, 0.0) + report.duration


def pytest_sessionfinish(session: pytest.Session) -> None:
    if order.RECORD in os.environ and MEASURING in session.config.stash:
        order.record(TOOK_S)


def pytest_unconfigure(config: pytest.Config) -> None:
    measuring = config.stash.get(MEASURING, None)
    if measuring is not None:
        measuring.communicate()  # its input is closed: it ends
        Path(os.environ.pop(MEASURED)).unlink()
        shutil.rmtree(os.environ.pop(KNOWN))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    if MEASURING in config.stash:
        samples = yardstick.read(Path(os.environ[MEASURED]))
        terminalreporter.write_line(_told(samples) if samples else "the machine's slowness was not measured")


def _told(samples: Sequence[Sample]) -> str:
    slow = sorted(sample.slowness for sample in samples)
    waited = 1 - sum(sample.cpu_s for sample in samples) / sum(sample.wall_s for sample in samples)
    return (
        f"the machine was {slow[len(slow) // 2]:.1f} times slower than a quiet one (median; at most {slow[-1]:.1f}), "
        f"and a process waited {waited:.0%} of its time for a processor"
    )


@pytest.hookimpl(wrapper=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Generator[None, Any, Any]:
    """The alarm of pytest-timeout, put off for as long as the machine is too slow for the item's time."""
    done = yield
    if settings.method == "signal":
        ends, deadline = signal.getsignal(signal.SIGALRM), Deadline(settings.timeout)
        assert callable(ends)

        def alarm(number: int, frame: Any) -> None:
            left_s = deadline.left_s
            if left_s > 0:
                signal.setitimer(signal.ITIMER_REAL, left_s)
            else:
                ends(number, frame)

        signal.signal(signal.SIGALRM, alarm)
    return done
