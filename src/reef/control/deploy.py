"""One deploy and what became of it so far, in memory and on the disk."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reef.statedir import write_json

Event = dict[str, Any]
DONE = ("promoted", "unchanged", "refused", "failed")


@dataclass
class Deploy:
    """One deploy and what became of it so far. `events` only grow; `over` once the last one is there."""

    id: str
    locations: tuple[str, ...]
    allow_removals: bool
    started_at: float
    events: list[Event] = field(default_factory=list)
    over: bool = False
    grew: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.grew.set()
        self.grew = asyncio.Event()

    def results(self) -> dict[str, Event]:
        """Location -> its last event, of those that are done."""
        return {event["location"]: event for event in self.events if event.get("state") in DONE}

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "locations": list(self.locations),
            "allow_removals": self.allow_removals,
            "started_at": self.started_at,
            "state": "over" if self.over else "running",
            "done": self.results(),
        }


def interrupted(journal: Path) -> dict[str, Any] | None:
    """The deploy that an earlier host did not finish. What it had promoted stays; the rest of it is given up, and
    marked so."""
    try:
        found: dict[str, Any] = json.loads(journal.read_bytes())
        if found["state"] != "running":
            return None
        write_json(journal, {**found, "state": "interrupted"})
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found
