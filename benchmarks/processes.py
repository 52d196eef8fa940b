"""Processes that a benchmark starts, and their certain end, also after Ctrl-C or a failure."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import measure


class Processes:
    """Starts processes and ends, by pid, every one of them and whatever descends from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[subprocess.Popen[str]] = []
        self._changing = threading.Lock()  # several may be started and ended at a time

    def start(
        self, command: Sequence[str], *, log: str, env: dict[str, str] | None = None, pipe: bool = False,
        cwd: Path | None = None,
    ) -> subprocess.Popen[str]:  # fmt: skip
        """Run it with its output in the file `log`; with `pipe`, stdin and stdout are ours."""
        with (self.folder / f"{log}.log").open("a") as file:
            process = subprocess.Popen(
                command, env=measure.environ() if env is None else env, cwd=cwd or self.folder, text=True,
                stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
                stdout=subprocess.PIPE if pipe else file, stderr=file, start_new_session=True,
            )  # fmt: skip
        with self._changing:
            self._started.append(process)
        return process

    def end(self, *processes: subprocess.Popen[str], grace_s: float = 10.0) -> None:
        """SIGTERM to each, SIGKILL to what is left of their trees after the grace. Returns when all are gone."""
        roots = {process.pid for process in processes}
        left = [(pid, measure.start_ticks(pid)) for pid in measure.tree(*roots) if pid not in roots]
        for process in processes:
            _signal(process.pid, signal.SIGTERM)
        for process in processes:
            try:
                process.wait(grace_s)
            except subprocess.TimeoutExpired:
                _signal(process.pid, signal.SIGKILL)
                process.wait(5)
        for pid, started in left:  # the same process still, not another with its number
            if started and measure.start_ticks(pid) == started:
                _signal(pid, signal.SIGKILL)
        for pipe in [pipe for process in processes for pipe in (process.stdin, process.stdout) if pipe]:
            pipe.close()
        with self._changing:
            self._started = [process for process in self._started if process not in processes]

    def end_all(self) -> None:
        self.end(*self._started, grace_s=3.0)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


@contextmanager
def processes(prefix: str) -> Iterator[Processes]:
    """A folder for a benchmark and its processes; both are gone afterwards. SIGTERM counts as Ctrl-C."""
    before = signal.signal(signal.SIGTERM, _interrupt)
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as folder:
        running = Processes(Path(folder))
        try:
            yield running
        finally:
            running.end_all()
            signal.signal(signal.SIGTERM, before)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
