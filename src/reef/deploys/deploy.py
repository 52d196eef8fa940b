"""One deploy and what became of it so far, in memory and on the disk."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from reef.decide.rollout import Outcome, Standing
from reef.statedir import write_atomic
from reef.words import describe

log = logging.getLogger("reef.control")

Event = dict[str, Any]
DONE = ("promoted", "unchanged", "refused", "failed")
State = Literal["running", "interrupted", "over"]


class Journal(msgspec.Struct, kw_only=True):
    """All that the next host must know of a deploy. Times are unix seconds, and only for people."""

    id: str
    waves: tuple[tuple[str, ...], ...]
    allow_removals: bool = False
    soak_s: float = 0.0
    rollback_on_halt: bool = False
    started_at: float = 0.0
    state: State = "running"
    outcome: Outcome | None = None
    before: dict[str, str | None] = {}  # location -> the version that was served when the deploy began
    before_loaded: tuple[str, ...] = ()  # locations that served definitions, not a load error
    pinned_before: dict[str, str] = {}  # location -> why it was pinned already
    known: dict[str, list[tuple[str, str]]] = {}  # location -> how its calls failed before
    pinned: bool = False
    not_pinned: dict[str, str] = {}
    done: dict[str, Event] = {}
    passed: int = 0
    halted: dict[str, str] = {}  # location -> what went wrong
    abandoned: bool = False
    rolled_back: dict[str, Event] = {}
    settled: bool = False

    @property
    def waved(self) -> bool:
        """Whether anything waits or is watched: else it is one wave, done at once."""
        return len(self.waves) > 1 or self.soak_s > 0 or self.rollback_on_halt

    def standing(self) -> Standing:
        return Standing(
            waves=self.waves,
            waved=self.waved,
            rolls_back=self.rollback_on_halt,
            pinned=self.pinned,
            done={name: event["state"] for name, event in self.done.items()},
            passed=self.passed,
            halted=bool(self.halted),
            abandoned=self.abandoned,
            rolled_back=tuple(self.rolled_back),
            settled=self.settled,
        )

    def wave_of(self, location: str) -> int:
        """From 0 on."""
        return next(number for number, wave in enumerate(self.waves) if location in wave)


@dataclass
class Deploy:
    """`events` only grow; the last one says that it is over."""

    journal: Journal
    path: Path
    events: list[Event] = field(default_factory=list)
    grew: asyncio.Event = field(default_factory=asyncio.Event)
    soak_left_s: float | None = None  # while a wave is watched
    abandoning: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changes: int = 0
    _written: int = 0

    @property
    def id(self) -> str:
        return self.journal.id

    @property
    def over(self) -> bool:
        return self.journal.state == "over"

    def tell(self, event: Event) -> None:
        self.events.append(event)
        self.grew.set()
        self.grew = asyncio.Event()

    async def write(self) -> None:
        """What is known now is on the disk afterwards; many that write at once share one. A full disk is only
        logged: the deploy goes on."""
        self._changes += 1
        mine = self._changes
        async with self._writing:
            if self._written >= mine:
                return
            now, data = self._changes, msgspec.json.encode(self.journal)
            try:
                await asyncio.to_thread(write_atomic, self.path, data)
                self._written = now
            except OSError as full:
                log.error("the state of deploy %s cannot be written: %s", self.id, describe(full))


def last_journal(path: Path) -> Journal | None:
    """The last deploy of an earlier host; marked as interrupted where it was not over."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=Journal)
        if found.state == "running":
            found.state = "interrupted"
            write_atomic(path, msgspec.json.encode(found))
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return found
