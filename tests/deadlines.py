"""How long a test waits: seconds are those of a quiet machine, and are stretched as the machine is slower.

A conftest has `yardstick.py` measure during the whole session. Where nothing measures, each question does.

- `scaled(60)`: seconds for a timeout that is given away (to `subprocess.run`, to a client), as slow as it was lately.
- `until(condition, 60, "for the page")`: waits; a machine that turns slower meanwhile stretches that too.
- `Deadline(60)`: the same for a loop of one's own.
- `with quick(2.0):`: an assertion that what is inside takes less.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import yardstick
from yardstick import Sample

T = TypeVar("T")
MEASURED = "PYTEST_YARDSTICK"  # the file in which the session's measurements are
LATELY_S = 20.0


def slowness(since: float | None = None) -> float:
    """The most that was measured since then (`time.monotonic()`), and in the seconds before: what a load that has just
    gone has held up comes late too."""
    then = (time.monotonic() if since is None else since) - LATELY_S
    return max(sample.slowness for sample in _samples(then))


def _samples(then: float) -> list[Sample]:
    """Those after `then`; the last one where there is none; one that is made now where nobody measures."""
    file = os.environ.get(MEASURED)
    found = yardstick.read(Path(file)) if file else []
    return [sample for sample in found if sample.at >= then] or found[-1:] or [yardstick.measure()]


def scaled(seconds: float) -> float:
    return seconds * slowness()


class Deadline:
    """So many seconds of a quiet machine from now."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = time.monotonic()

    @property
    def left_s(self) -> float:
        """Nothing is measured before the seconds themselves are over: most waits end sooner."""
        took = time.monotonic() - self.started
        return self.seconds - took if took < self.seconds else self._limit_s() - took

    @property
    def over(self) -> bool:
        return self.left_s <= 0

    def _limit_s(self) -> float:
        return self.seconds * slowness(self.started)

    def __str__(self) -> str:
        times = slowness(self.started)
        return f"{self.seconds * times:.1f} s ({self.seconds:g} s, on a machine that is {times:.1f} times slower)"


def until(condition: Callable[[], T], seconds: float = 60.0, what: str = "", *, every_s: float = 0.05) -> T:
    """The first true answer; fails when the time is over."""
    deadline = Deadline(seconds)
    while not (answer := condition()):
        assert not deadline.over, f"waited {deadline} in vain {what}"
        time.sleep(every_s)  # between two looks, not instead of one
    return answer


async def until_async(condition: Callable[[], T], seconds: float = 20.0, what: str = "") -> T:
    """`until` beside other tasks."""
    deadline = Deadline(seconds)
    while not (answer := condition()):
        assert not deadline.over, f"waited {deadline} in vain {what}"
        await asyncio.sleep(0.01)
    return answer


@contextmanager
def quick(seconds: float, what: str = "") -> Iterator[None]:
    """Fails where what is inside takes as long as that, on a quiet machine."""
    deadline = Deadline(seconds)
    yield
    took = time.monotonic() - deadline.started
    assert not deadline.over, f"took {took:.2f} s, not less than {deadline} {what}"
