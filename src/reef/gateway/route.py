"""What the gateway listens for: where, for which location, and what it answers."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace

import grpc.aio

from reef.gateway.address import ListenAddress
from reef.gateway.frost import Frost
from reef.gateway.served import Answers
from reef.gateway.slots import CallLimits, Slots


@dataclass(eq=False)
class Route:
    """Of one location, or of an entry that only shows an error and stands for one."""

    name: str
    address: ListenAddress
    limits: CallLimits
    # Whom it stands for.
    location: str = ""
    server: grpc.aio.Server | None = None
    answers: Answers | None = None
    _identified: Answers | None = None  # whose id was last shown as theirs
    is_served: asyncio.Event = field(default_factory=asyncio.Event)
    slots: Slots = field(init=False)
    frost: Frost = field(default_factory=Frost)
    _id_later: asyncio.TimerHandle | None = None
    listed_at: float | None = None  # time.monotonic(), when ListRepositories was last answered
    _waits_since: float | None = None  # the same, at the last switch
    asked_at: float = 0.0  # time.monotonic(), when any call last ended, polls too
    told_missing: str | None = None  # digest of a snapshot that was reported missing
    generation: int = 0  # of what is shown
    _held: tuple[int, Answers] | None = None

    def __post_init__(self) -> None:
        self.slots = Slots(self.limits)
        self.location = self.location or self.name

    @property
    def newest(self) -> int:
        """The newest generation that is held or shown."""
        return self._held[0] if self._held is not None else self.generation

    def hold(self, generation: int, answers: Answers) -> None:
        """To be shown later; clients never see a generation go back."""
        if generation > self.newest:
            self._held = (generation, answers)

    def take(self, generation: int) -> Answers | None:
        """What is held of this generation, to be shown now."""
        if self._held is None or self._held[0] != generation:
            return None
        (self.generation, answers), self._held = self._held, None
        return answers

    def switch(self, answers: Answers, lag_s: float) -> tuple[Answers, ...]:
        """Answer this from now on; the server id only when no client can still be between list and id.

        A client asks for the list, then for the id. One that had the old list and then got the new id would never
        reload; with the old id it will, at its next poll. Where the id waits: what such clients may have got.
        """
        self.stop_waiting()
        before = {id(one): one for one in (self._identified, self.answers) if one is not None}
        self._waits_since = self.listed_at
        wait_s = self._wait_s(lag_s)
        if self.answers is None or self.answers.served == answers.served or wait_s <= 0:
            self.answers = self._identified = answers
        else:
            self.answers = replace(answers, server_id=self.answers.server_id)
            self._id_later = asyncio.get_running_loop().call_later(wait_s, self._switch_id, answers)
        self.is_served.set()
        return tuple(before.values()) if self._id_later is not None else ()

    def hasten(self, answers: Answers, lag_s: float) -> None:
        """The id of these answers need not wait that long, if it still waits."""
        if self._id_later is None or self.answers is None or self.answers.served != answers.served:
            return
        self._id_later.cancel()
        self._id_later = asyncio.get_running_loop().call_later(
            max(0.0, self._wait_s(lag_s)), self._switch_id, answers
        )

    def _wait_s(self, lag_s: float) -> float:
        return 0.0 if self._waits_since is None else self._waits_since + lag_s - time.monotonic()

    def _switch_id(self, answers: Answers) -> None:
        self._id_later = None
        self.answers = self._identified = answers

    def stop_waiting(self) -> None:
        if self._id_later is not None:
            self._id_later.cancel()
            self._id_later = None
