"""How late the event loop is."""

from __future__ import annotations

import asyncio

from reef.metrics.of_hosts import LOOP_LAG
from reef.metrics.tally import Tally

EVERY_S = 1.0


async def watch_loop(tally: Tally) -> None:
    """Ends only when it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        tally.observe(tally.host, LOOP_LAG, seconds=max(0.0, loop.time() - due))
