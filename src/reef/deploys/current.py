"""The deploy that is under way, or was the last one: what became of it so far, in memory and on the disk."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from reef.records.deploy_progress import Progress, retold
from reef.records.journal import Journal, last_journal
from reef.statedir import write_atomic
from reef.words import describe

log = logging.getLogger("reef.control")

CUT_OFF = "`reef deploy --resume` goes on with it, `reef deploy --abandon` gives it up"


@dataclass
class Deploy:
    """`events` only grow; the last one says that it is over."""

    journal: Journal
    path: Path
    events: list[Progress] = field(default_factory=list)
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

    def tell(self, event: Progress) -> None:
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


class Current:
    """At most one deploy is under way. Make it in a thread: it reads what an earlier host left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.deploy: Deploy | None = None
        if (journal := last_journal(path)) is not None:
            self.begin(journal)
            if journal.state == "interrupted":
                log.warning("deploy %s was cut off by the end of its host: %s", journal.id, CUT_OFF)

    def begin(self, journal: Journal) -> Deploy:
        """What was done of it before is told to those who watch, too."""
        deploy = self.deploy = Deploy(journal, self._path)
        for name, event in (*journal.done.items(), *journal.rolled_back.items()):
            deploy.tell(retold(event, type(event), location=name))
        return deploy

    @property
    def is_running(self) -> bool:
        return self.deploy is not None and self.deploy.journal.state == "running"

    @property
    def unfinished(self) -> Deploy | None:
        """Under way, or cut off."""
        return self.deploy if self.deploy is not None and not self.deploy.over else None
