"""What a change would do to a fleet: which locations it touches, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "module",  # a file that it imports
    "source",  # another file in its source root
    "data",  # a file beside a module that it imports
    "dbt",  # a file of a dbt project
    "environment file",
    "dependencies",  # a file that says what is to be installed
    "distribution",  # what is installed
    "environment",  # the interpreter itself
    "setting",
    "defs state",
    "definitions",  # they differ though nothing that is known of changed
    "error",  # it does not load
    "unclear",  # it cannot be told, so it counts
    "new",
    "removed",
]


@dataclass(frozen=True)
class Reason:
    """`path` is what changed, `chain` how the location comes to it: `file:line` from its entry on."""

    kind: Kind
    text: str
    path: str | None = None
    chain: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "text": self.text, "path": self.path, "chain": list(self.chain)}


@dataclass(frozen=True)
class LocationPlan:
    """`touched` says that there is something to do. Versions are None where nothing is served or compared."""

    location: str
    touched: bool
    reasons: tuple[Reason, ...] = ()
    served: str | None = None
    planned: str | None = None

    def as_dict(self) -> dict[str, Any]:
        return {
            "name": self.location,
            "touched": self.touched,
            "served_version": self.served,
            "planned_version": self.planned,
            "reasons": [why.as_dict() for why in self.reasons],
        }


@dataclass(frozen=True)
class Plan:
    """`removed` names locations that are no longer in the fleet."""

    locations: tuple[LocationPlan, ...]
    removed: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return bool(self.removed) or any(one.touched for one in self.locations)

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values, the same whoever planned."""
        locations = [one.as_dict() for one in self.locations]
        return {"changes": self.anything, "locations": locations, "removed": list(self.removed)}
