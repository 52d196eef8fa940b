"""What serves a code location now: its child, calls and runs, and what they cost."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from reef.fleet.model import ServerAddress
from reef.gateway.contract import CallEnded, Endpoint
from reef.hosting.contract import Child
from reef.locations.hours import MOST_LOADS, in_last_hour
from reef.locations.troubles import Troubles

INTERVAL_WEIGHT = 0.3  # of the newest gap in the moving average of gaps between uses
SAME_USE_S = 1.0  # calls closer than this are one use


def endpoint_of(child: Child) -> Endpoint:
    return Endpoint(target=f"unix:{child.socket}", version=child.version, server=child.id)


def endpoint_at(server: ServerAddress) -> Endpoint:
    """Of somebody else's server."""
    target = server.target()
    return Endpoint(target, "external", f"external {target}", "external", server.ssl)


@dataclass
class Serving:
    """Changed by `serving` alone. Times are monotonic seconds."""

    child: Child | None = None
    # It runs from the copy of its version.
    child_is_kept: bool = False
    # Id -> child that takes no new calls.
    draining: dict[str, Child] = field(default_factory=dict)
    # Where somebody else's server listens.
    external: Endpoint | None = None
    # It has its server whether somebody calls or not.
    stays_up: bool = False
    wake: asyncio.Task[None] | None = None
    # Held calls.
    waiting: int = 0
    # Run id -> id of the child that holds it.
    runs: dict[str, str] = field(default_factory=dict)
    # Wakes failed in a row.
    failures: int = 0
    failed_at: float = 0.0
    last_error: str | None = None
    troubles: Troubles = field(default_factory=Troubles)
    idle_since: float = field(default_factory=lambda: time.monotonic())
    used_at: float | None = None
    interval_s: float | None = None
    wakes: int = 0
    calls: int = 0
    cold_start_s: float | None = None
    cold_start_cpu_s: float | None = None
    private_bytes: int = 0
    pss_bytes: int = 0
    rss_bytes: int = 0
    peak_bytes: int = 0
    sampled_at: float = 0.0
    _loads: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LOADS))

    # -- what others may ask -----------------------------------------------------------------------

    @property
    def endpoint(self) -> Endpoint | None:
        if self.external is not None:
            return self.external
        return endpoint_of(self.child) if self.child is not None else None

    @property
    def is_waking(self) -> bool:
        return self.wake is not None and not self.wake.done()

    def children(self) -> tuple[Child, ...]:
        """Draining or serving."""
        return (*self.draining.values(), *([self.child] if self.child is not None else []))

    def loads_last_hour(self, now: float) -> int:
        return in_last_hour(self._loads, now)

    # -- its child ---------------------------------------------------------------------------------

    def begin_wake(self, wake: asyncio.Task[None]) -> None:
        self.wake = wake

    def note_load(self, now: float) -> None:
        """A child begins to load its code."""
        self._loads.append(now)

    def note_awake(self, child: Child, cold_start_s: float, cpu_s: float | None, kept: bool = False) -> None:
        self.child = child
        self.child_is_kept = kept
        self.failures = 0
        self.sampled_at = 0.0
        self.wakes += 1
        self.cold_start_s = cold_start_s
        self.cold_start_cpu_s = cpu_s
        self.idle_since = time.monotonic()

    def note_sample(
        self, private_bytes: int, pss_bytes: int, rss_bytes: int = 0, peak_bytes: int = 0
    ) -> None:
        self.private_bytes, self.pss_bytes = private_bytes, pss_bytes
        self.rss_bytes, self.peak_bytes = rss_bytes, peak_bytes

    def note_sampled(self, now: float) -> None:
        self.sampled_at = now

    def take_up(self, child: Child, *, serves: bool) -> None:
        """One that an earlier host left running."""
        if serves:
            self.child = child
        else:
            self.draining[child.id] = child

    def take_out(self) -> Child | None:
        """It is about to be ended: from here on a call wakes a new one."""
        child, self.child = self.child, None
        return child

    def begin_draining(self) -> Child | None:
        """It gets no new calls, and ends when its calls and its runs are over."""
        child = self.take_out()
        if child is not None:
            self.draining[child.id] = child
        return child

    def note_drained(self, child: Child) -> None:
        self.draining.pop(child.id, None)

    def note_exit(self, child: Child) -> bool:
        """Whether it was the one that served."""
        self.note_drained(child)
        mine = self.child is not None and self.child.id == child.id
        if mine:
            self.child = None
        return mine

    def use_server(self, external: Endpoint | None) -> None:
        """Somebody else's server is asked; None: a child of ours."""
        self.external = external

    def stay_up(self, wanted: bool) -> None:
        self.stays_up = wanted

    # -- what goes wrong ---------------------------------------------------------------------------

    def note_failure(self, reason: str, version: str | None, now: float) -> None:
        """`version` is what is served."""
        self.failures += 1
        self.failed_at = now
        self.last_error = reason
        self.troubles.note_server(reason, version, now)

    def note_crash(self, reason: str, version: str, now: float) -> None:
        """`version` is what the child held that ended."""
        self.last_error = reason
        self.troubles.note_server(reason, version, now)

    def note_error(self, text: str | None) -> None:
        """The last one; None where it is known to be over."""
        self.last_error = text

    def forgive(self) -> None:
        """A new version was promoted: it may start at once."""
        self.failures = 0

    # -- calls and runs ----------------------------------------------------------------------------

    def note_waiting(self) -> None:
        self.waiting += 1

    def note_answered(self, now: float) -> None:
        self.waiting -= 1
        self.idle_since = now

    def note_use(self, now: float) -> None:
        """A forwarded call began."""
        self.calls += 1
        if self.used_at is not None and (gap := now - self.used_at) > SAME_USE_S:
            old = self.interval_s
            self.interval_s = gap if old is None else old + INTERVAL_WEIGHT * (gap - old)
        if self.used_at is None or now - self.used_at > SAME_USE_S:
            self.used_at = now
        self.idle_since = now

    def note_call(self, event: CallEnded, now: float) -> None:
        """A forwarded call ended."""
        self.idle_since = now
        self.troubles.note_call(event, now)
        # Where no server is there, it is known better why it is not there.
        if event.error and self.endpoint is not None:
            self.last_error = f"{event.method}: {event.code}: {event.error}"

    def note_run(self, run_id: str, child: str) -> None:
        """By now the child may be draining, and another be serving."""
        self.runs[run_id] = child

    def hold_runs(self, held: dict[str, str]) -> None:
        """All that are held."""
        self.runs = held

    def lose_run(self, run_id: str) -> None:
        self.runs.pop(run_id, None)
