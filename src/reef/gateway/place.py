"""One location as the gateway sees it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace

import grpc.aio

from reef.gateway.address import ListenAddress
from reef.gateway.served import Answers
from reef.gateway.slots import CallLimits, Slots


@dataclass
class Place:
    name: str
    address: ListenAddress
    limits: CallLimits
    server: grpc.aio.Server | None = None
    answers: Answers | None = None
    is_served: asyncio.Event = field(default_factory=asyncio.Event)
    slots: Slots = field(init=False)
    _id_later: asyncio.TimerHandle | None = None
    calls: int = 0  # that ended well and were more than a poll
    last_call_at: float | None = None  # time.monotonic()
    listed_at: float | None = None  # time.monotonic(), when ListRepositories was last answered
    told_missing: str | None = None  # digest of a snapshot that was reported missing

    def __post_init__(self) -> None:
        self.slots = Slots(self.limits)

    def switch(self, answers: Answers, lag_s: float) -> None:
        """Answer this from now on; the server id only when no client can still be between list and id.

        A client asks for the list, then for the id. One that had the old list and then got the new id would never
        reload; with the old id it will, at its next poll.
        """
        if self._id_later is not None:
            self._id_later.cancel()
            self._id_later = None
        wait_s = 0.0 if self.listed_at is None else self.listed_at + lag_s - time.monotonic()
        if self.answers is not None and self.answers.served != answers.served and wait_s > 0:
            self.answers = replace(answers, server_id=self.answers.server_id)
            self._id_later = asyncio.get_running_loop().call_later(wait_s, self._switch_id, answers)
        else:
            self.answers = answers
        self.is_served.set()

    def _switch_id(self, answers: Answers) -> None:
        self._id_later = None
        self.answers = answers

    def stop_waiting(self) -> None:
        if self._id_later is not None:
            self._id_later.cancel()

    def note_call(self) -> None:
        self.calls += 1
        self.last_call_at = time.monotonic()
