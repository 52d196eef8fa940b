"""What a long demo tells while it runs: its steps, what each waits for, and a summary at the end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from deadlines import Deadline
from lab.building import say
from lab.errors import LabError
from lab.kubectl import KubectlError
from lab.world import ReefWorld

REEF = [sys.executable, "-m", "reef.cli.main"]
TELLS_EVERY_S = 20.0
Wait = Callable[..., None]


class Told:
    """`sum_up` is said at once and again at the end."""

    def __init__(self, world: ReefWorld) -> None:
        self._world = world
        self._began = time.monotonic()
        self._steps: list[tuple[str, float]] = []
        self._lines: list[str] = []

    def tell(self, text: str) -> None:
        say(f"[{time.monotonic() - self._began:4.0f} s] {text}")

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[Wait]:
        """Gives `wait(condition, seconds, what, count)`, which tells every now and then how far it is. Raises LabError
        for what does not come."""
        began = time.monotonic()
        self.tell(f"{len(self._steps) + 1}. {what}")
        yield self._wait
        took = time.monotonic() - began
        self._steps.append((what, took))
        self.tell(f"   done in {took:.0f} s")

    def _wait(
        self, done: Callable[[], object], seconds: float, what: str, count: Callable[[], int] | None = None
    ) -> None:
        deadline, told = Deadline(seconds), time.monotonic()
        while True:
            try:
                if done():
                    return
                if time.monotonic() - told > TELLS_EVERY_S:
                    told = time.monotonic()
                    self.tell(f"   waits for {what}" + (f"; now {count()}" if count else ""))
            except (KubectlError, OSError):
                pass
            if deadline.over:
                raise LabError(f"waited {seconds:g} s in vain for {what}\n{self._world.logs('controller')}")
            time.sleep(1.0)

    def sum_up(self, text: str) -> None:
        self.tell(f"   {text}")
        self._lines.append(text)

    def check(self, what: str, holds: bool) -> None:
        """Raises LabError."""
        if not holds:
            raise LabError(f"this does not hold: {what}")
        self.sum_up(what)

    def summary(self) -> None:
        print(f"\nSteps, {time.monotonic() - self._began:.0f} s in all:")
        for number, (what, took) in enumerate(self._steps, 1):
            print(f"{number:3}. {took:4.0f} s  {what}")
        print("What was seen:")
        for line in self._lines:
            print(f"  - {line}")
        print("The cluster stays up: `make cluster-shell` looks at it, `make cluster-down` ends it.")

    # -- reef's own commands -----------------------------------------------------------------------

    def reef(self, *arguments: str) -> str:
        """What it printed; what it says beside that is shown. Raises LabError."""
        done = subprocess.run([*REEF, *arguments], stdout=subprocess.PIPE, text=True, timeout=1800)
        if not done.stdout:
            raise LabError(f"reef {' '.join(arguments)} printed nothing, exit status {done.returncode}")
        return done.stdout

    def cutover(self, *arguments: str) -> dict[str, str]:
        """Location -> what became of it."""
        found: dict[str, Any] = json.loads(
            self.reef("cutover", *arguments, "-n", self._world.namespace, "--json")
        )
        return {each["name"]: each["state"] for each in found["results"]}
