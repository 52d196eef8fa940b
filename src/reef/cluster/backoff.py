"""How long to wait before asking again somebody who did not answer."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Doubles from `first_s` to `most_s`. Each wait is anything from half of that on, so that those who failed together
    do not ask together."""

    def __init__(
        self, first_s: float = 0.5, most_s: float = 10.0, chance: Callable[[], float] = random.random
    ) -> None:
        self._first_s = self._next_s = first_s
        self._most_s = most_s
        self._chance = chance

    def wait_s(self) -> float:
        """Before the next try."""
        whole = self._next_s
        self._next_s = min(self._most_s, whole * 2)
        return whole * (0.5 + self._chance() / 2)

    def answered(self) -> None:
        self._next_s = self._first_s
