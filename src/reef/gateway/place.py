"""One location as the gateway sees it."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field

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
    calls: int = 0  # that ended well and were more than a poll
    last_call_at: float | None = None  # time.monotonic()
    told_missing: str | None = None  # digest of a snapshot that was reported missing

    def __post_init__(self) -> None:
        self.slots = Slots(self.limits)

    def note_call(self) -> None:
        self.calls += 1
        self.last_call_at = time.monotonic()
