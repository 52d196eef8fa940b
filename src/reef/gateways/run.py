"""One gateway process from its start to its signal."""

from __future__ import annotations

import asyncio
import os

from reef.gateway.tracing import NO_TRACES
from reef.gateways.contract import Cluster
from reef.gateways.gateway_process import GatewayProcess
from reef.gateways.settings import GatewaySettings
from reef.logs import write_to_stderr
from reef.process import raise_file_limit, stop_wanted
from reef.thrift import give_back, one_arena
from reef.traces.asked import traces_asked_for

SETTLED_S = 30.0


async def serve_until_told(settings: GatewaySettings, cluster: Cluster) -> None:
    """Returns after SIGTERM or SIGINT, when everything has ended. Raises ReefError where it cannot start."""
    write_to_stderr(os.environ)
    one_arena()
    raise_file_limit()
    stop = stop_wanted()
    settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
    traces = traces_asked_for(os.environ, "gateway")
    process = GatewayProcess(settings, cluster, traces or NO_TRACES)
    await process.start()
    asyncio.get_running_loop().call_later(SETTLED_S, give_back)
    await stop.wait()
    await process.stop()
    if traces is not None:
        await asyncio.to_thread(traces.close)
