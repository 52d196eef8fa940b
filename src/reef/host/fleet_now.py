"""The fleet that is served, and how it is read again."""

from __future__ import annotations

from collections.abc import Callable

from reef.fleet.model import Fleet


class FleetNow:
    """`read_again` is given the fleet that is served; it blocks, and raises ReefError."""

    def __init__(self, fleet: Fleet, read_again: Callable[[Fleet], Fleet]) -> None:
        self.fleet = fleet
        self._read_again = read_again

    def read(self) -> Fleet:
        """As its files say now; nothing changes by it. Blocks. Raises ReefError."""
        return self._read_again(self.fleet)

    def use(self, fleet: Fleet) -> None:
        """It was made the one that is served."""
        self.fleet = fleet
