"""One pack host from start to end: its folder, its lock, its log, its signals."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys

from reef.packs.ground import MakeGround
from reef.packs.life import PackHost
from reef.packs.settings import PackSettings
from reef.statedir import HostLock, open_state_dir, sweep_half_written
from reef.thrift import give_back, one_arena

SETTLED_S = 5.0


async def run_pack_host(settings: PackSettings, make_ground: MakeGround) -> None:
    """Returns when it was told to end, and everything has. Raises ReefError for what must be mended."""
    _set_up_log()
    one_arena()
    state = open_state_dir(settings.state)
    lock = HostLock(state)
    sweep_half_written(state)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    host = PackHost(settings, make_ground, state, lock)
    try:
        await host.start()
        asyncio.get_running_loop().call_later(SETTLED_S, give_back)
        await stop.wait()
    finally:
        await host.stop()
        lock.release()


def _set_up_log() -> None:
    """To standard error: it is the log of the container."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("reef")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.propagate = False
