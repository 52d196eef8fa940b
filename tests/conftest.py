"""Every deadline follows the machine's slowness, which is measured beside the tests: see `deadlines.py`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pytest

import yardstick
from deadlines import MEASURED, Deadline
from lab.fixtures import api_server, kube_namespace  # noqa: F401 (one API server for tests of all folders)
from yardstick import Sample

MEASURING = pytest.StashKey[subprocess.Popen[bytes]]()


def pytest_configure(config: pytest.Config) -> None:
    """One for all workers, which have its file in their environment."""
    if MEASURED in os.environ:
        return
    fd, file = tempfile.mkstemp(prefix="reef-yardstick-")
    os.close(fd)
    os.environ[MEASURED] = file
    command = [sys.executable, yardstick.__file__, file]
    config.stash[MEASURING] = subprocess.Popen(command, stdin=subprocess.PIPE)


def pytest_unconfigure(config: pytest.Config) -> None:
    measuring = config.stash.get(MEASURING, None)
    if measuring is not None:
        measuring.communicate()  # its input is closed: it ends
        Path(os.environ.pop(MEASURED)).unlink()


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
