"""One page process from its start to its signal."""

from __future__ import annotations

import asyncio
import os

from reef.cluster.client import Client
from reef.cluster.connecting import connection
from reef.logs import write_to_stderr
from reef.process import stop_wanted
from reef.thrift import give_back, one_arena
from reef.viewing.page_process import PageProcess
from reef.viewing.settings import ViewSettings

SETTLED_S = 20.0


async def run(settings: ViewSettings) -> None:
    """Until SIGTERM. Raises ReefError where it cannot start."""
    write_to_stderr(os.environ)
    one_arena()
    stop = stop_wanted()
    client = Client(connection(), timeout_s=15.0)
    process = PageProcess(settings, client)
    try:
        await process.start()
        asyncio.get_running_loop().call_later(SETTLED_S, give_back)
        await stop.wait()
    finally:
        await process.stop()
        await client.close()
