"""Calls of Dagster's own client to the locations of the fleet of the tests, and callers that never stop."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from types import TracebackType

from dagster._core.remote_origin import RemoteJobOrigin
from dagster._grpc.types import SensorExecutionArgs

from client import TICK_TIMEOUT_S, Location

JOB, SENSOR = "nightly", "looks"
LONGEST_POLL_S = 2.0
A_TICK_EVERY = 30  # polls of one location, as a sensor's thirty seconds are


class Called(Location):
    """One location of `lab.fleet`, by the address of its Service."""

    def __init__(self, name: str, address: str) -> None:
        host, _, port = address.rpartition(":")
        super().__init__({"name": name, "host": host, "port": int(port)})
        self.job = RemoteJobOrigin(self.repository, JOB)

    def tick_args(self, home: str | None) -> SensorExecutionArgs:
        return SensorExecutionArgs(
            repository_origin=self.repository,
            instance_ref=None,
            sensor_name=SENSOR,
            cursor=None,
            timeout=TICK_TIMEOUT_S,
        )

    def warm(self) -> None:
        self.read()
        self.plan()
        self.tick()

    def poll(self) -> str:
        """Raises what failed; TimeoutError for an answer after two seconds."""
        began = time.monotonic()
        found: str = self.client.get_server_id(timeout=LONGEST_POLL_S + 1)
        if (took := time.monotonic() - began) > LONGEST_POLL_S:
            raise TimeoutError(f"GetServerId took {took:.1f} s")
        return found


class Callers:
    """Within its block, each location is polled as webserver and daemon together do it, and ticks at times.

    `polls_a_second` are of one location; `calls` and `failed` (why -> how often) are of all of them.
    """

    def __init__(
        self, targets: Mapping[str, str], polls_a_second: float = 2.0, threads: int = 8, *, ticks: bool = True
    ) -> None:
        self._locations = [Called(name, address) for name, address in targets.items()]
        self._pause_s, self._ticks = 1 / polls_a_second, ticks
        self._stop = threading.Event()
        shares = [self._locations[at::threads] for at in range(threads)]
        self._threads = [
            threading.Thread(target=self._run, args=(each,), daemon=True) for each in shares if each
        ]
        self._lock = threading.Lock()
        self.calls = 0
        self.failed: Counter[str] = Counter()
        self.slowest_s = 0.0

    def __enter__(self) -> Callers:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for each in self._threads:
            each.join()

    def _run(self, locations: Sequence[Called]) -> None:
        turn = 0
        while not self._stop.is_set():
            began = time.monotonic()
            for number, each in enumerate(locations):
                self._call(each, tick=self._ticks and (turn + number * 7) % A_TICK_EVERY == 0)
            turn += 1
            self._stop.wait(max(0.0, self._pause_s - (time.monotonic() - began)))

    def _call(self, each: Called, tick: bool) -> None:
        began, why = time.monotonic(), ""
        try:
            each.tick() if tick else each.poll()
        except Exception as error:
            why = f"{each.name}: {'tick' if tick else 'poll'}: {_short(error)}"
        with self._lock:
            self.calls += 1
            self.slowest_s = max(self.slowest_s, 0.0 if tick else time.monotonic() - began)
            if why:
                self.failed[why] += 1


def _short(error: BaseException) -> str:
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return f"{type(cause).__name__}: {cause}".replace("\n", " ")[:200]
