"""The process: it waits for the lease, and leads while it has it. Who leads again begins with nothing old.

Who only waits has not imported what it leads with (`leading`), which would be half of its memory.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import secrets
from collections.abc import Awaitable

from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.cluster.lease import Leadership
from reef.controller.metrics import ControllerMetrics
from reef.controller.settings import Settings
from reef.controller.standing import Standing
from reef.errors import ReefError
from reef.kube import labels
from reef.metrics.lag import watch_loop
from reef.peers.health import Health, live, readiness
from reef.process import stop_wanted
from reef.thrift import give_back, one_arena
from reef.words import describe, headline

log = logging.getLogger("reef.controller")

LEASE = "reef-controller"
SETTLED_S = 5.0


async def run(settings: Settings) -> None:
    """Until SIGTERM. Raises ReefError where nothing can be begun."""
    one_arena()
    stop = stop_wanted()
    client = Client(connection(), timeout_s=15.0)
    standing = Standing()
    metrics = ControllerMetrics()
    health = Health({"/livez": live, "/readyz": readiness(standing.missing)}, metrics.metrics.render)
    await health.open("", labels.HEALTH_PORT)
    asyncio.get_running_loop().call_later(SETTLED_S, give_back)
    lag = asyncio.create_task(watch_loop(metrics.tally))
    try:
        while not stop.is_set():
            await _candidate(settings, client, stop, standing, metrics)
    finally:
        lag.cancel()
        await health.aclose()
        await client.close()


async def _candidate(
    settings: Settings, client: Client, stop: asyncio.Event, standing: Standing, metrics: ControllerMetrics
) -> None:
    identity = f"{settings.identity}_{secrets.token_hex(4)}"
    lease = Leadership(client, settings.namespace, LEASE, identity)
    lease.start()
    standing.waits_for(lease)
    try:
        if await _first(lease.acquired(), stop.wait()) == 0:
            leading = asyncio.create_task(_lead(settings, client, lease, standing, metrics))
            try:
                await _first(asyncio.wait({leading}), lease.lost.wait(), stop.wait())
            finally:
                leading.cancel()
                await asyncio.gather(leading, return_exceptions=True)
            if leading.done() and not leading.cancelled() and (error := leading.exception()) is not None:
                if isinstance(error, ReefError):
                    raise error
                log.error("leading ended: %s", headline(describe(error)), exc_info=error)
                await asyncio.sleep(1.0)
    finally:
        await lease.release()


async def _lead(
    settings: Settings, client: Client, lease: Leadership, standing: Standing, metrics: ControllerMetrics
) -> None:
    """The lease is renewed while this is imported."""
    await asyncio.to_thread(importlib.import_module, "reef.controller.leading")
    from reef.controller.leading import lead

    await lead(settings, client, lease, standing, metrics)


async def _first(*waits: Awaitable[object]) -> int:
    """Which of them is over first; the others are cancelled."""
    tasks = [asyncio.ensure_future(each) for each in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return min(tasks.index(each) for each in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
