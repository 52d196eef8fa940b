"""What a code location is to be, as the fleet's file says it."""

from __future__ import annotations

from dataclasses import dataclass, field

from reef.fleet.model import Location


@dataclass
class Wish:
    """Changed by who follows the fleet's file (`host`), and by deploys and rollbacks, which try another wish out."""

    spec: Location
    # As the fleet's file says; `spec` is what runs.
    wanted: Location = field(init=False)
    # Its interpreter or its settings: why nothing can be started.
    unusable: str | None = None
    # No longer in the fleet, answered for until nobody asks.
    leaving: bool = False

    def __post_init__(self) -> None:
        self.wanted = self.spec

    def want(self, spec: Location) -> None:
        """The file says this; it counts from `follow` on."""
        self.wanted = spec

    def follow(self) -> None:
        self.spec = self.wanted

    def try_out(self, spec: Location) -> Location:
        """It counts at once; what counted before, for `go_back`."""
        before, self.spec, self.wanted = self.spec, spec, spec
        return before

    def go_back(self, before: Location) -> None:
        """What was tried out was refused; it is still what the file says."""
        self.spec = before

    def judge(self, unusable: str | None) -> None:
        """Why nothing of it can be started, None where it can."""
        self.unusable = unusable

    def leave(self) -> None:
        self.leaving = True

    def arrive(self, spec: Location) -> None:
        """New, or back before it was gone."""
        self.leaving = False
        self.spec = self.wanted = spec
