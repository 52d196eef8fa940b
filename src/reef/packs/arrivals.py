"""Containers that come, again or late: servers that an earlier host started in them are taken up."""

from __future__ import annotations

import asyncio
import time

from reef.packs.ground import Ground
from reef.serving.adopting import Adopter

LOOK_EVERY_S = 1.0
FIRST_LOOK_S = 0.05


class Arrivals:
    """Looks who is connected; an adoption for each change."""

    def __init__(self, ground: Ground, adopter: Adopter) -> None:
        self._ground = ground
        self._adopter = adopter
        self._seen = frozenset[tuple[str, str]]()

    async def first(self, patience_s: float) -> None:
        """Take up what is there; containers that are missing are waited for so long, lest a call of theirs starts a
        second server."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end and not all(one.connected for one in self._ground.containers()):
            await asyncio.sleep(FIRST_LOOK_S)
        await self._look(always=True)

    async def run(self) -> None:
        """Ends only when it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._look()

    async def _look(self, *, always: bool = False) -> None:
        connected = frozenset((one.name, one.started) for one in self._ground.containers() if one.connected)
        if always or connected - self._seen:
            await self._adopter.adopt()
        self._seen = connected
