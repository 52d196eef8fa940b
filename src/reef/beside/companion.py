"""A process that the host keeps running beside itself: started, restarted with backoff, taken up again, ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reef.statedir import write_json

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


def start_ticks(pid: int) -> int | None:
    """Field 22 of /proc/PID/stat; None for a process that is gone or a zombie."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = stat.rpartition(b")")[2].split()
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def is_running(record: Path) -> bool:
    """Whether the process that a record names still runs."""
    try:
        said = json.loads(record.read_bytes())
        ticks = start_ticks(int(said["pid"]))
        return ticks is not None and ticks == int(said["start_ticks"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


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
        self.pid: int | None = None
        self.restarts = 0
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_running(), name=f"companion {self.spec.name}")

    async def _keep_running(self) -> None:
        quick_deaths = 0
        while not self._stopping:
            started = time.monotonic()
            pid = self._taken_up() or self._spawn()
            self.pid = pid
            await _death_of(pid)
            status = self._reap(pid)
            self.pid = None
            if self._stopping:
                return
            quick_deaths = quick_deaths + 1 if time.monotonic() - started < STEADY_S else 0
            pause_s = min(LONGEST_PAUSE_S, 0.5 * 2.0**quick_deaths)
            self.restarts += 1
            self._say(
                f"{self.spec.name} ended ({status}), starting it again in {pause_s:.0f} s; log: {self.spec.log}"
            )
            await asyncio.sleep(pause_s)

    def _taken_up(self) -> int | None:
        """The process that an earlier host started with the same command, if it still runs."""
        try:
            record = json.loads(self.spec.record.read_bytes())
            pid, ticks, argv = int(record["pid"]), int(record["start_ticks"]), tuple(record["argv"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if start_ticks(pid) != ticks:
            return None
        if argv == self.spec.argv:
            return pid
        os.kill(pid, signal.SIGTERM)  # other settings now: the old one would hold the port
        return None

    def _spawn(self) -> int:
        if self.spec.log.exists() and self.spec.log.stat().st_size > LOG_BYTES:
            self.spec.log.replace(self.spec.log.with_suffix(".log.1"))
        with self.spec.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.spec.argv,
                env=dict(self.spec.env),
                cwd=there_or_none(self.spec.cwd),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        pid = self._process.pid
        write_json(self.spec.record, {"pid": pid, "start_ticks": start_ticks(pid), "argv": self.spec.argv})
        return pid

    def _reap(self, pid: int) -> str:
        if self._process is not None and self._process.pid == pid:
            code = self._process.wait()
            return f"exit status {code}" if code >= 0 else signal.Signals(-code).name
        try:
            os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            pass
        return "exit status unknown"

    async def stop(self, grace_s: float) -> None:
        """SIGTERM to it, SIGKILL to its whole session when `grace_s` is over."""
        self._stopping = True
        pid = self.pid
        if pid is not None:
            _signal(pid, signal.SIGTERM)
            try:
                await asyncio.wait_for(_death_of(pid), grace_s)
            except TimeoutError:
                self.kill()
                await _death_of(pid)
        if self._task is not None:
            if pid is None:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._note_end()

    def kill(self) -> None:
        self._stopping = True
        if self.pid is not None:
            _signal_session(self.pid, signal.SIGKILL)
            _signal(self.pid, signal.SIGKILL)
        self._note_end()

    def _note_end(self) -> None:
        self.spec.record.unlink(missing_ok=True)
        write_json(_end_note(self.spec.record), time.time())


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def _signal_session(pid: int, number: signal.Signals) -> None:
    try:
        os.killpg(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


async def _death_of(pid: int) -> None:
    """Returns when the process has ended (it may still be a zombie)."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    dead = asyncio.Event()
    loop.add_reader(fd, dead.set)
    try:
        await dead.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)
