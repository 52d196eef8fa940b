"""One gateway process from its start to its signal."""

from __future__ import annotations

import asyncio
import os
import resource
import signal

from reef.gateways.contract import Cluster
from reef.gateways.process import GatewayProcess
from reef.gateways.settings import GatewaySettings
from reef.logs import write_to_stderr


async def serve_until_told(settings: GatewaySettings, cluster: Cluster) -> None:
    """Returns after SIGTERM or SIGINT, when everything has ended. Raises ReefError where it cannot start."""
    write_to_stderr(os.environ)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # four for each location that is listened for
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = GatewayProcess(settings, cluster)
    await process.start()
    await stop.wait()
    await process.stop()
