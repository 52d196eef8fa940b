"""The deploy that is under way, or was the last one: what became of it so far, in memory and on the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from reef.decide.gate import Key
from reef.decide.rollout import Outcome
from reef.records.contract import JournalRecords
from reef.records.deploy_progress import (
    DeployOver,
    LocationDone,
    LocationNotPinned,
    LocationNotReached,
    Progress,
    TakenBack,
    WaveBegan,
    WaveHalted,
    WavePassed,
    WaveSoaking,
    retold,
)
from reef.records.journal import Journal
from reef.words import describe

log = logging.getLogger("reef.control")

CUT_OFF = "`reef deploy --resume` goes on with it, `reef deploy --abandon` gives it up"


@dataclass
class Deploy:
    """Alone writes into its journal. `events` only grow; the last one says that it is over."""

    journal: Journal
    records: JournalRecords
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
    def waves(self) -> int:
        return len(self.journal.waves)

    @property
    def over(self) -> bool:
        return self.journal.state == "over"

    def tell(self, event: Progress) -> None:
        self.events.append(event)
        self.grew.set()
        self.grew = asyncio.Event()

    # -- what happens to it ------------------------------------------------------------------------

    def go_on(self) -> None:
        self.journal.state = "running"

    def give_up(self) -> None:
        self.journal.abandoned = True

    def note_waiting(self, not_pinned: dict[str, str]) -> None:
        """Locations wait for their wave at what they serve; location -> why it cannot."""
        self.journal.not_pinned = not_pinned
        self.journal.pinned = True
        for name, reason in not_pinned.items():
            self.tell(LocationNotPinned(location=name, reason=reason))

    def note_wave(self, wave: int, names: Sequence[str]) -> None:
        """Waves count from 0 on here, as in the journal."""
        self.tell(WaveBegan(wave=wave + 1, waves=self.waves, locations=list(names)))

    def note_known(self, name: str, keys: Iterable[Key]) -> None:
        """Calls of a location failed so before it was promoted."""
        known = {*self.known(name), *keys}
        self.journal.known[name] = sorted(known)

    def known(self, name: str) -> frozenset[Key]:
        return frozenset((what, how) for what, how in self.journal.known.get(name, ()))

    def note_done(self, name: str, done: LocationDone) -> None:
        self.journal.done[name] = done
        self.tell(retold(done, type(done), location=name))

    def note_soaking(self, wave: int) -> None:
        self.tell(WaveSoaking(wave=wave + 1, waves=self.waves, soak_s=self.journal.soak_s))

    def note_left(self, soak_left_s: float | None) -> None:
        self.soak_left_s = soak_left_s

    def note_passed(self, wave: int) -> None:
        self.journal.passed += 1
        if self.journal.waved:
            self.tell(WavePassed(wave=wave + 1, waves=self.waves))

    def note_halted(self, wave: int, reasons: Mapping[str, str]) -> None:
        self.journal.halted = dict(reasons)
        self.tell(WaveHalted(wave=wave + 1, waves=self.waves, reasons=self.journal.halted))

    def note_taken_back(self, name: str, back: TakenBack) -> None:
        self.journal.rolled_back[name] = back
        self.tell(retold(back, type(back), location=name))

    def note_settled(self, names: Iterable[str], what: str) -> None:
        """Those that were not reached; `what` becomes of them."""
        self.journal.settled = True
        for name in names:
            self.tell(LocationNotReached(location=name, reason=what))

    def end(self, outcome: Outcome) -> None:
        """It is told once it is written."""
        self.journal.outcome = outcome
        self.journal.state = "over"

    def tell_end(self, seconds: float) -> None:
        self.tell(DeployOver(outcome=self.journal.outcome, seconds=round(seconds, 3)))

    async def write(self) -> None:
        """What is known now is on the disk afterwards; many that write at once share one. A full disk is only
        logged: the deploy goes on."""
        self._changes += 1
        mine = self._changes
        async with self._writing:
            if self._written >= mine:
                return
            now, journal = self._changes, self.journal.as_it_is_now()
            try:
                await asyncio.to_thread(self.records.write, journal)
                self._written = now
            except OSError as full:
                log.error("the state of deploy %s cannot be written: %s", self.id, describe(full))


class Current:
    """At most one deploy is under way. Make it in a thread: it asks for what an earlier host left."""

    def __init__(self, records: JournalRecords) -> None:
        self._records = records
        self.deploy: Deploy | None = None
        if (journal := records.last()) is not None:
            self.begin(journal)
            if journal.state == "interrupted":
                log.warning("deploy %s was cut off by the end of its host: %s", journal.id, CUT_OFF)

    def begin(self, journal: Journal) -> Deploy:
        """What was done of it before is told to those who watch, too."""
        deploy = self.deploy = Deploy(journal, self._records)
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
