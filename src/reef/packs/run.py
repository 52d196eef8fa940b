"""One pack host from start to end: its folder, its lock, its log, its signals."""

from __future__ import annotations

import asyncio
import os

from reef.logs import write_to_stderr
from reef.packs.ground import MakeGround
from reef.packs.life import PackHost
from reef.packs.settings import PackSettings
from reef.process import stop_wanted
from reef.statedir import HostLock, open_state_dir, sweep_half_written
from reef.thrift import give_back, one_arena
from reef.traces.asked import traces_asked_for

SETTLED_S = 5.0


async def run_pack_host(settings: PackSettings, make_ground: MakeGround) -> None:
    """Returns when it was told to end, and everything has. Raises ReefError for what must be mended."""
    write_to_stderr(os.environ)
    one_arena()
    state = open_state_dir(settings.state)
    lock = HostLock(state)
    sweep_half_written(state)
    stop = stop_wanted()
    traces = traces_asked_for(os.environ, "pack")
    host = PackHost(settings, make_ground, state, lock, traces)
    try:
        await host.start()
        asyncio.get_running_loop().call_later(SETTLED_S, give_back)
        await stop.wait()
    finally:
        await host.stop()
        lock.release()
        if traces is not None:
            await asyncio.to_thread(traces.close)
