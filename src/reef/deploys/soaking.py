"""The gate of a running deploy: what its promoted locations do while they are watched."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Mapping

from reef.decide.gate import Halt, Pass, Soak, Wait, Watched, judge
from reef.deploys.current import Deploy
from reef.locations.place import CodeLocation
from reef.records.deploy_progress import LocationFailed, LocationRefused
from reef.records.journal import Journal

LOOK_S = 0.25


class Soaking:
    """All that a deploy has promoted so far. `since` is monotonic, so a clock that is set back changes nothing;
    a host that takes a deploy up again watches from then on."""

    def __init__(self, deploy: Deploy, places: Mapping[str, CodeLocation]) -> None:
        self._deploy = deploy
        self._places = places
        self._taken_up_at = time.monotonic()
        self.since: dict[str, float] = {}

    async def wave(self, wave: int) -> Pass | Halt | None:
        """Returns when the time is over or something new went wrong; None where the deploy was abandoned."""
        began = time.monotonic()
        try:
            while not self._deploy.abandoning.is_set():
                verdict = self._verdict(wave, began)
                if not isinstance(verdict, Wait):
                    return verdict
                self._deploy.note_left(verdict.left_s)
                # `wait_for` of Python 3.11 may swallow a cancellation.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(LOOK_S, verdict.left_s)):
                        await self._deploy.abandoning.wait()
            return None
        finally:
            self._deploy.note_left(None)

    def _verdict(self, wave: int, began: float) -> Wait | Pass | Halt:
        journal = self._deploy.journal
        watched = self._watched(journal)
        soak = Soak(began, journal.soak_s, watched, refused_in(journal, wave))
        troubles = {one.name: self._places[one.name].serving.troubles.all() for one in watched}
        return judge(soak, troubles, time.monotonic())

    def _watched(self, journal: Journal) -> list[Watched]:
        return [
            Watched(
                name,
                str(journal.done[name].version),
                self.since.get(name, self._taken_up_at),
                self._deploy.known(name),
            )
            for name in journal.standing().promoted
            if name in self._places
        ]


def refused_in(journal: Journal, wave: int) -> dict[str, str]:
    """Those of a wave that were not promoted, and are worse off than before: one that did not load before, and does
    not now, is nothing new."""
    ended = ((name, journal.done.get(name)) for name in journal.waves[wave])
    return {
        name: done.reason or "it was not promoted"
        for name, done in ended
        if isinstance(done, LocationRefused | LocationFailed)
        and (name in journal.before_loaded or journal.before.get(name) is None)
    }
