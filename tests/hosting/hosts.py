"""A hosting on an event loop of its own thread, so that one zygote serves many tests."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeVar

import grpc
from contract_suite import Texts

import deadlines
from deadlines import scaled
from reef.hosting.contract import Child, ChildSpec, Exit, HostingEvents, StartFailed
from reef.hosting.local import LocalHosting
from reef.statedir import HostLock, StateDir

T = TypeVar("T")

GOOD = """
import dagster as dg

@dg.asset
def one():
    return 1

@dg.sensor(target="*", minimum_interval_seconds=30)
def reads_instance(context):
    return dg.SkipReason(f"runs: {len(context.instance.get_runs(limit=1))}")

defs = dg.Definitions(assets=[one], sensors=[reads_instance])
"""


TEXTS = Texts(
    good=GOOD,
    ignores_sigterm=GOOD + "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])\n",
    raises="raise ValueError('no such table')",
    exits="import os; os._exit(7)",
    is_killed="import os; os.kill(os.getpid(), 9)",
    hangs=(
        "import os, time\nprint('pid', os.getpid(), flush=True)\n"
        "if 'PIDS' in os.environ: open(os.environ['PIDS'], 'w').write(str(os.getpid()))\n"
        "time.sleep(600)"
    ),
    reads=GOOD + "import pathlib\npathlib.Path('table.csv').read_text()\n",
)


class Host:
    """`run` waits for a coroutine; `exits` has what `on_exit` heard."""

    texts = TEXTS

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        self.lock = HostLock(StateDir(folder))
        self.exits: list[Exit] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._numbers = iter(range(10_000))
        self.hosting = self.run(self._make(settings))

    async def _make(self, settings: Mapping[str, Any]) -> LocalHosting:
        events = HostingEvents(on_exit=self.exits.append)
        return LocalHosting(self.folder, self.lock.path, events, **settings)

    def run(self, coroutine: Coroutine[Any, Any, T], timeout_s: float = 100.0) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(scaled(timeout_s))

    def start(self, spec: ChildSpec, timeout_s: float | None = None) -> Child:
        return self.run(self.hosting.start(spec, scaled(60.0) if timeout_s is None else timeout_s))

    def stop(self, child: Child, grace_s: float = 5.0) -> None:
        self.run(self.hosting.stop(child, grace_s))

    def spec(
        self,
        location: str,
        code: Path,
        *,
        purpose: Any = "serve",
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        python: str = sys.executable,
        args: tuple[str, ...] = (),
    ) -> ChildSpec:
        return ChildSpec(
            location=location,
            version="v1",
            purpose=purpose,
            python=python,
            grpc_args=("-f", str(code), "--location-name", location, *args),
            cwd=str(cwd or code.parent),
            env=dict(child_env() if env is None else env),
            socket=str(self.folder / f"{next(self._numbers)}.sock"),
            log_path=str(self.folder / "logs" / f"{location}.log"),
        )

    # -- a contract's bench (contract_suite.Bench) -------------------------------------------------

    def until(self, true: Callable[[], T], what: str) -> T:
        return until(true, what)

    def answers(self, child: Child) -> bool:
        return ping(child).startswith(b"\x0a\x02hi")

    def is_gone(self, child: Child) -> bool:
        return state_of(child.pid) == "gone"

    def kill(self, child: Child) -> None:
        os.kill(child.pid, signal.SIGKILL)

    def left_nothing(self, failure: StartFailed) -> bool:
        return not alive(int(failure.reason.rpartition("pid ")[2].split()[0]))

    def cancelled(self, location: str, code: Path) -> bool:
        pids = code.parent / "pids"
        spec = self.spec(location, code, env=child_env(PIDS=str(pids)))

        async def cancelled() -> None:
            starting = asyncio.create_task(self.hosting.start(spec, scaled(60)))
            while not pids.exists() or not pids.read_text():
                await asyncio.sleep(0.02)
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)

        self.run(cancelled())
        return state_of(int(pids.read_text())) == "gone"

    def log(self, location: str) -> str:
        path = self.folder / "logs" / f"{location}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def close(self) -> None:
        self.run(self.hosting.close(leave_children=False))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(scaled(10))
        self._loop.close()
        self.lock.release()


def ping(child: Child) -> bytes:
    with grpc.insecure_channel(f"unix:{child.socket}") as channel:
        call = channel.unary_unary("/api.DagsterApi/Ping", None, None)
        return bytes(call(b"\x0a\x02hi", timeout=scaled(10)))


def child_env(**more: str) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if not name.startswith("DAGSTER_")}
    return {**env, **more}


def until(true: Callable[[], T], what: str, within_s: float = 20.0) -> T:
    """Waits for a condition; fails with `what` if it does not come."""
    return deadlines.until(true, within_s, what, every_s=0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def state_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "gone"
