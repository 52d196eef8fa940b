"""One host from start to end: its settings, its lock, its log, its signals."""

from __future__ import annotations

import asyncio
import errno
import logging
import logging.handlers
import os
import signal
import sys
from collections.abc import Mapping
from shutil import which

from reef import fleet as fleets
from reef.beside.dagster import python_with
from reef.errors import ReefError
from reef.host.announce import say
from reef.host.life import Host
from reef.host.python_option import python_of_option
from reef.logs import FORMATS, formatter
from reef.process import raise_file_limit
from reef.settings import HostSettings
from reef.statedir import HostLock, StateDir, default_state_dir, open_state_dir, sweep_half_written
from reef.thrift import one_arena
from reef.traces.asked import traces_asked_for
from reef.words import describe

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def _refuse_log_format(environ: Mapping[str, str]) -> None:
    wanted = environ.get("REEF_LOG_FORMAT", "")
    if wanted and wanted not in FORMATS:
        raise ReefError(f"REEF_LOG_FORMAT is {wanted!r}: it must be one of {', '.join(FORMATS)}")


def _set_up_log(state: StateDir) -> None:
    handler = logging.handlers.RotatingFileHandler(state.host_log, maxBytes=5_000_000, backupCount=1)
    handler.setFormatter(formatter(os.environ))
    logger = logging.getLogger("reef")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    logger.propagate = False


async def run_host(settings: HostSettings) -> int:
    """Run one host from start to end; its exit status. Raises ReefError for what the user must mend."""
    _refuse_log_format(os.environ)
    python = python_of_option(settings.python, os.environ) if settings.python else None
    default_python = python or await _default_python()
    fleet = fleets.inheriting(fleets.read(settings.path, os.environ, default_python), os.environ)
    state = open_state_dir(settings.state_dir or default_state_dir(fleet.source, os.environ))
    lock = HostLock(state)
    sweep_half_written(state)
    _set_up_log(state)
    raise_file_limit()
    one_arena()
    for warning in fleet.warnings:
        say(f"warning: {warning}")
    traces = traces_asked_for(os.environ, "host")
    host = Host(settings, fleet, state, lock, traces)
    try:
        return await _live(host)
    except OSError as error:
        if error.errno not in DISK_FULL and not str(error.filename).startswith(str(state.root)):
            raise
        raise ReefError(
            f"the state directory {str(state.root)!r} fails: {describe(error)}",
            hint="is its disk full, or was it removed? Choose another with --state-dir or REEF_STATE_DIR",
        ) from None
    finally:
        if traces is not None:
            await asyncio.to_thread(traces.close)


async def _live(host: Host) -> int:
    loop = asyncio.get_running_loop()
    asked = 0

    def on_signal() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            say("stopping (once more to stop at once)")
            host.request_stop()
            return
        try:
            host.kill()
        finally:
            os._exit(130)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, on_signal)
    starting = asyncio.create_task(_start(host))
    stopping = asyncio.create_task(host.until_stopped())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    failure = starting.exception() if starting.done() else None
    if failure is None:
        await stopping
    stopping.cancel()
    starting.cancel()
    await asyncio.gather(starting, stopping, return_exceptions=True)
    if host.runs:
        await host.stop()
    else:
        host.lock.release()
    if failure is not None:
        raise failure
    return 0


async def _start(host: Host) -> None:
    await host.start()
    await host.announce()


async def _default_python() -> str:
    """The interpreter of locations that name none: the first that has Dagster, as a user would expect."""
    candidates = [sys.executable]
    if active := os.environ.get("VIRTUAL_ENV"):
        candidates.insert(0, os.path.join(active, "bin", "python"))
    candidates += [path for name in ("python3", "python") if (path := which(name))]
    try:
        return await python_with("dagster", tuple(dict.fromkeys(candidates)))
    except ReefError:
        return candidates[0]
