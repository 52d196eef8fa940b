"""How slow the machine is: a fixed piece of work and the start of a process, against what they take with nobody else.

`python tests/yardstick.py FILE` measures for as long as its standard input is open, and adds a line for each time:
when it was over (`time.monotonic()`, which all processes share), the wall time and the CPU time (s).
"""

from __future__ import annotations

import resource
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

EVERY_S = 5.0  # the pause between two: each computes for some 40 ms
SLOWEST = 10.0  # a wait that is in vain ends too
QUIET_S = 0.045  # of wall time on two quiet cores: 0.036, and what one measurement differs from the next
ROUNDS = 1_000_000


class Sample(NamedTuple):
    """One measurement. `at` is `time.monotonic()` when it was over."""

    at: float
    wall_s: float
    cpu_s: float

    @property
    def slowness(self) -> float:
        """How many times longer than on a quiet machine; at least one."""
        return min(max(1.0, self.wall_s / QUIET_S), SLOWEST)


def measure() -> Sample:
    started, ran = time.monotonic(), _cpu_s()
    sum(range(ROUNDS))
    for _ in range(ROUNDS):
        pass
    subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
    over = time.monotonic()
    return Sample(over, over - started, _cpu_s() - ran)


def _cpu_s() -> float:
    """Of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def read(file: Path) -> Sequence[Sample]:
    """What was measured so far; a line that is still being written is left out."""
    return _read(file, file.stat().st_size)


@lru_cache(maxsize=1)
def _read(file: Path, _bytes: int) -> Sequence[Sample]:
    """Asked for again and again while something is waited for."""
    lines = file.read_text().splitlines(keepends=True)
    return [Sample(*map(float, line.split())) for line in lines if line.endswith("\n")]


def main(file: Path) -> None:
    while True:
        with file.open("a") as out:
            out.write(" ".join(map(repr, measure())) + "\n")
        if select.select([sys.stdin], [], [], EVERY_S)[0]:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
