"""What a process that runs for long sets up for itself."""

from __future__ import annotations

import asyncio
import resource
import signal


def stop_wanted() -> asyncio.Event:
    """Set at SIGTERM and SIGINT from now on. Belongs to the running event loop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def raise_file_limit() -> None:
    """As many descriptors as it may have: a gateway needs four for each location that it listens for."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
