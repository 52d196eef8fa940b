"""How long a test waits: seconds are those of a quiet machine, and are stretched as the machine is slower.

A conftest has `yardstick.py` measure during the whole session. Where nothing measures, each question does.

- `scaled(60)`: seconds for a timeout that is given away (to `subprocess.run`, to a client), and for an assertion that
  something is quick; by how slow the machine was lately.
- `until(condition, 60, "for the page")`: waits; a machine that turns slower meanwhile stretches that too.
- `Deadline(60)`: the same for a loop of one's own.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import yardstick
from yardstick import Sample

T = TypeVar("T")
MEASURED = "PYTEST_YARDSTICK"  # the file in which the session's measurements are
LATELY_S = 20.0
LOOKS_PART = 0.08  # of a wait so far, until the next look
SELDOM_S = 0.5
REST = 3.0  # times as long as a look took, until the next one: the webserver is asked, and computes for each answer
LONGEST_REST_S = 3.0


def slowness() -> float:
    """The most that was measured lately: what a load that has just gone has held up comes late too."""
    now = time.monotonic()
    return max(sample.slowness for sample in _samples(now - LATELY_S))


def _samples(then: float) -> list[Sample]:
    """Those after `then` and the last one before it; one that is made now where nobody measures."""
    file = os.environ.get(MEASURED)
    found = yardstick.read(Path(file)) if file else []
    before = [sample for sample in found if sample.at < then][-1:]
    return [*before, *(sample for sample in found if sample.at >= then)] or [yardstick.measure()]


def scaled(seconds: float) -> float:
    return seconds * slowness()


class Deadline:
    """So many seconds of a quiet machine from now: each second counts as much less as it was slower."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.started = time.monotonic()

    @property
    def left_s(self) -> float:
        """Nothing is measured before the seconds themselves are over: most waits end sooner."""
        now = time.monotonic()
        took = now - self.started
        return self.seconds - (took if took < self.seconds else self._quiet_s(now))

    @property
    def over(self) -> bool:
        return self.left_s <= 0

    def _quiet_s(self, now: float) -> float:
        """What a quiet machine had taken for what was done since the start."""
        samples = _samples(self.started)
        ends = [*(sample.at for sample in samples[1:]), now]
        begins = [self.started, *(sample.at for sample in samples[1:])]
        return sum(
            (end - begin) / sample.slowness for begin, end, sample in zip(begins, ends, samples, strict=True)
        )

    def __str__(self) -> str:
        took = time.monotonic() - self.started
        return f"{took:.1f} s ({self._quiet_s(self.started + took):.1f} s of a quiet machine)"


def until(condition: Callable[[], T], seconds: float = 60.0, what: str = "", *, every_s: float = 0.05) -> T:
    """The first true answer; fails when the time is over. What takes long is looked at less often, and so is what
    takes long to look at: who looks takes the processor from what is waited for."""
    deadline = Deadline(seconds)
    looking = time.monotonic()
    while not (answer := condition()):
        took_s = time.monotonic() - looking
        assert not deadline.over, f"waited {deadline} in vain {what}"
        time.sleep(pause_s(looking - deadline.started + took_s, took_s, every_s))  # between two looks
        looking = time.monotonic()
    return answer


def pause_s(waited_s: float, look_s: float, every_s: float) -> float:
    """From one look to the next, after a wait of `waited_s` and a look of `look_s`."""
    return max(every_s, min(waited_s * LOOKS_PART, SELDOM_S), min(look_s * REST, LONGEST_REST_S))


async def until_async(condition: Callable[[], T], seconds: float = 20.0, what: str = "") -> T:
    """`until` beside other tasks."""
    deadline = Deadline(seconds)
    while not (answer := condition()):
        assert not deadline.over, f"waited {deadline} in vain {what}"
        await asyncio.sleep(0.01)
    return answer
