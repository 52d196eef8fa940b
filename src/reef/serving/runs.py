"""Which runs live where: runs are processes below a child, and outlive everything but a person's word."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc

from reef.procfs import children_of, command_line, start_ticks, until_ended
from reef.statedir import StateDir, slug, write_json
from reef.wire.client import RawClient
from reef.wire.messages import current_runs_of

log = logging.getLogger("reef.control")

ASK_TIMEOUT_S = 2.0

AskRuns = Callable[[str], Awaitable[tuple[str, ...] | None]]


@dataclass(frozen=True)
class RunProcess:
    """A run's process, named for good by pid and start time."""

    run_id: str
    location: str
    pid: int
    start_ticks: int

    def is_alive(self) -> bool:
        return start_ticks(self.pid) == self.start_ticks

    async def over(self) -> None:
        """Returns when its process has ended, whoever its parent is."""
        await until_ended(self.pid, self.start_ticks)


async def current_runs(
    target: str, *, connect: Callable[..., RawClient] = RawClient
) -> tuple[str, ...] | None:
    """The ids of the runs a code server holds; None where it does not answer."""
    async with connect(target) as client:
        try:
            return current_runs_of(await client.call("GetCurrentRuns", timeout_s=ASK_TIMEOUT_S))
        except grpc.aio.AioRpcError:
            return None


class RunBook:
    """The runs' processes on disk (one file a run), so that a crash of anybody loses none."""

    def __init__(self, state: StateDir) -> None:
        self._folder = state.folder("runs")
        self._by_id: dict[str, RunProcess] = {}

    def load(self) -> tuple[RunProcess, ...]:
        for path in self._folder.glob("*.json"):
            try:
                run = RunProcess(**json.loads(path.read_bytes()))
            except (OSError, ValueError, TypeError):
                path.unlink(missing_ok=True)
                continue
            self._by_id[run.run_id] = run
        return tuple(self._by_id.values())

    def note_started(self, run_id: str, name: str, child_pid: int) -> None:
        """Find the process of a run that a child has just reported started. Reads /proc: call it in a thread."""
        known = {run.pid for run in self._by_id.values()}
        for pid in sorted(children_of(child_pid), reverse=True):
            ticks = start_ticks(pid)
            if pid in known or ticks is None or not _is_run(pid):
                continue
            run = RunProcess(run_id, name, pid, ticks)
            self._by_id[run_id] = run
            write_json(self._folder / f"{slug(run_id)}.json", run.__dict__)
            return

    async def forget(self, run_id: str) -> None:
        self._by_id.pop(run_id, None)
        await asyncio.to_thread((self._folder / f"{slug(run_id)}.json").unlink, missing_ok=True)

    def get(self, run_id: str) -> RunProcess | None:
        return self._by_id.get(run_id)

    def all(self) -> tuple[RunProcess, ...]:
        return tuple(self._by_id.values())

    def interrupt(self, run_id: str) -> bool:
        """What Dagster's own cancellation does inside a run: SIGINT to its process."""
        run = self._by_id.get(run_id)
        if run is None or not run.is_alive():
            return False
        os.kill(run.pid, signal.SIGINT)
        return True


def _is_run(pid: int) -> bool:
    """Spawned by multiprocessing as a process, not as its resource tracker."""
    return b"spawn_main" in command_line(pid)
