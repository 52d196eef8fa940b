"""A process that the host keeps running beside itself: started, restarted with backoff, taken up again, ended."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reef.background import Background
from reef.hosting import launch
from reef.hosting.local_process import LocalProcess
from reef.procfs import start_ticks
from reef.statedir import write_json
from reef.words import describe

log = logging.getLogger("reef.beside")

STEADY_S = 30.0
LONGEST_PAUSE_S = 30.0
LOG_BYTES = 10_000_000


@dataclass(frozen=True)
class CompanionSpec:
    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    record: Path
    cwd: str | None = None  # None: the host's own


def there_or_none(folder: str | None) -> str | None:
    """A working directory, None for the host's own where somebody has removed it."""
    return folder if folder and os.path.isdir(folder) else None


@dataclass(frozen=True)
class _Record:
    pid: int
    start_ticks: int
    argv: tuple[str, ...]


def _recorded(record: Path) -> _Record | None:
    try:
        said = json.loads(record.read_bytes())
        return _Record(int(said["pid"]), int(said["start_ticks"]), tuple(said["argv"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def is_running(record: Path) -> bool:
    """Whether the process that a record names still runs."""
    recorded = _recorded(record)
    return recorded is not None and start_ticks(recorded.pid) == recorded.start_ticks


def ended_at(record: Path) -> float | None:
    """When Reef last ended the companion of this record (seconds since 1970); None where it never did."""
    try:
        return float(json.loads(_end_note(record).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _end_note(record: Path) -> Path:
    return record.with_suffix(".ended")


class Companion:
    """Runs `spec` for as long as it is wanted. All methods on the event loop."""

    def __init__(self, spec: CompanionSpec, say: Callable[[str], None]) -> None:
        self.spec = spec
        self.restarts = 0
        self._say = say
        self._process: LocalProcess | None = None
        self._stopping = asyncio.Event()
        self._background = Background(log, spec.name)

    @property
    def pid(self) -> int | None:
        """None while it does not run."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        self._background.spawn(self._keep_running(), must_finish=True)

    async def _keep_running(self) -> None:
        quick_deaths = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            ending = await self._run()
            if self._stopping.is_set():
                return
            quick_deaths = quick_deaths + 1 if time.monotonic() - began < STEADY_S else 0
            pause_s = min(LONGEST_PAUSE_S, 0.5 * 2.0**quick_deaths)
            self.restarts += 1
            self._say(
                f"{self.spec.name} {ending}, starting it again in {pause_s:.0f} s; log: {self.spec.log}"
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause_s):
                    await self._stopping.wait()

    async def _run(self) -> str:
        """Once, until it has ended; how it did."""
        try:
            process = self._process = await self._taken_up() or await self._started()
        except OSError as error:
            return f"cannot be started ({describe(error)})"
        if self._stopping.is_set():
            process.signal(signal.SIGTERM)
        status = await process.dead()
        self._process = None
        return f"ended ({_told(status)})"

    async def _taken_up(self) -> LocalProcess | None:
        """The process that an earlier host started with the same command, if it still runs."""
        recorded = await asyncio.to_thread(_recorded, self.spec.record)
        if recorded is None:
            return None
        process = LocalProcess.of(recorded.pid, ticks=recorded.start_ticks)
        if process is None or recorded.argv == self.spec.argv:
            return process
        process.signal(signal.SIGTERM)  # other settings now: the old one would hold the port
        process.abandon()
        return None

    async def _started(self) -> LocalProcess:
        spec = self.spec
        log_file = await asyncio.to_thread(_opened, spec.log)
        try:
            started = await launch.start(spec.argv, env=spec.env, cwd=there_or_none(spec.cwd), log=log_file)
        finally:
            os.close(log_file)
        process = started.process
        record = {"pid": process.pid, "start_ticks": process.start_ticks, "argv": spec.argv}
        try:
            await asyncio.to_thread(write_json, spec.record, record)
        except OSError as full:
            log.warning("%s: the next host will not know of it: %s", spec.name, describe(full))
        return process

    async def stop(self, grace_s: float) -> None:
        """SIGTERM to it, SIGKILL to its whole session when `grace_s` is over."""
        self._stopping.set()
        if self._process is not None:
            self._process.signal(signal.SIGTERM)
        ending = asyncio.ensure_future(self._background.close())
        done, _ = await asyncio.wait({ending}, timeout=grace_s)
        if not done and self._process is not None:
            self._process.kill_group()
        await ending
        await asyncio.to_thread(self._note_end)

    def kill(self) -> None:
        """At once, and blocking: for a host that ends itself next."""
        self._stopping.set()
        if self._process is not None:
            self._process.kill_group()
        self._note_end()

    def _note_end(self) -> None:
        self.spec.record.unlink(missing_ok=True)
        write_json(_end_note(self.spec.record), time.time())


def _told(status: int | None) -> str:
    if status is None:
        return "exit status unknown"
    return f"exit status {status}" if status >= 0 else signal.Signals(-status).name


def _opened(log_file: Path) -> int:
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_suffix(".log.1"))
    return launch.open_log(str(log_file))
