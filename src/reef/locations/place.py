"""The live state of one code location. Only the control loop writes to it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import dataclass, field

from reef.fleet.model import Location
from reef.gateway.contract import Endpoint
from reef.hosting.contract import Child
from reef.locations.troubles import Troubles
from reef.records.served import Promoted, Refused, ServedRecord
from reef.state import Costs, LocationView, Phase
from reef.versions.local import Stamp

INTERVAL_WEIGHT = 0.3  # of the newest gap in the moving average of gaps between uses
SAME_USE_S = 1.0  # calls closer than this are one use
MOST_LOADS = 1000
HOUR_S = 3600.0


def endpoint_of(child: Child) -> Endpoint:
    return Endpoint(
        target=f"unix:{child.socket}", version=child.version, child=f"{child.pid}.{child.start_ticks}"
    )


@dataclass(frozen=True)
class Tried:
    """Newer code that does not load, while an older version is served. `error` as ListRepositories would say it."""

    stamp: Stamp
    error: str


@dataclass
class CodeLocation:
    """Times are monotonic seconds unless they say otherwise."""

    spec: Location
    wanted: Location = field(init=False)  # as the fleet's file says; `spec` is what runs
    served: ServedRecord | None = None
    child: Child | None = None
    draining: dict[int, Child] = field(default_factory=dict)
    external: Endpoint | None = None
    wake: asyncio.Task[None] | None = None
    probe: asyncio.Task[None] | None = None
    sleep: asyncio.Task[None] | None = None
    waiting: int = 0
    runs: dict[str, int] = field(default_factory=dict)  # run id -> pid of the child that holds it
    failures: int = 0
    failed_at: float = 0.0
    last_error: str | None = None
    load_error: str | None = None  # of the newest code, while an older version is served
    idle_since: float = field(default_factory=lambda: time.monotonic())
    used_at: float | None = None
    interval_s: float | None = None
    wakes: int = 0
    calls: int = 0
    cold_start_s: float | None = None
    cold_start_cpu_s: float | None = None
    private_bytes: int = 0
    pss_bytes: int = 0
    sampled_at: float = 0.0
    probes: int = 0
    loads: deque[float] = field(default_factory=lambda: deque(maxlen=MOST_LOADS))  # when each began
    probing: asyncio.Lock = field(default_factory=asyncio.Lock)
    probed: Promoted | Refused | None = None  # by the last probe, None while it runs
    probed_at: float = -1.0  # when the last probe began
    loads_slowly: asyncio.Event = field(default_factory=asyncio.Event)
    unusable: str | None = None  # its interpreter or settings: nothing can be started
    not_kept: str | None = None  # why the served version could not be rolled back to
    child_is_kept: bool = False  # it runs from the copy of its version
    troubles: Troubles = field(default_factory=Troubles)
    leaving: bool = False  # no longer in the fleet, answered for until nobody asks
    attendants: list[asyncio.Task[object]] = field(default_factory=list)  # what its placement needs
    tried: Tried | None = None  # by the last load that was refused, None once something is promoted
    seen_at: float = 0.0  # unix seconds: when its answers were last seen to be what is served
    held_back_until: float | None = None  # answers that changed too often are looked at again then
    real_server_id: str | None = None  # external and standing: as last polled

    def __post_init__(self) -> None:
        self.wanted = self.spec

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def pinned(self) -> str | None:
        """Why it is kept as it is, whatever lies in its folder; None where it is not."""
        return self.served.pinned if self.served is not None else None

    def recorded_stamp(self) -> Stamp | None:
        """Of what is served."""
        served = self.served
        if served is None:
            return None
        return Stamp(served.version, served.environment, served.settings, served.sources)

    def stamps(self) -> tuple[Stamp, ...]:
        """Of what was last loaded, whether it is served or not, then of what is served."""
        tried = self.tried.stamp if self.tried is not None else None
        return tuple(stamp for stamp in (tried, self.recorded_stamp()) if stamp is not None)

    def recorded_at(self) -> float:
        """Unix seconds: since when its answers are known to be what is served; 0 for never."""
        return max(self.served.recorded_at, self.seen_at) if self.served is not None else 0.0

    @property
    def endpoint(self) -> Endpoint | None:
        if self.external is not None:
            return self.external
        return endpoint_of(self.child) if self.child is not None else None

    @property
    def phase(self) -> Phase:
        if self.child is not None or self.external is not None:
            return "warm"
        if self.wake is not None and not self.wake.done():
            return "waking"
        if self.served is None:
            return "unprobed"
        return "failed" if self.failures or self.served.load_error else "asleep"

    def costs(self) -> Costs:
        """This run's measurements, where there are none the recorded ones."""
        before = self.served.costs() if self.served else Costs()
        return Costs(
            cold_start_s=self.cold_start_s if self.cold_start_s is not None else before.cold_start_s,
            cold_start_cpu_s=(
                self.cold_start_cpu_s if self.cold_start_cpu_s is not None else before.cold_start_cpu_s
            ),
            private_bytes=self.private_bytes or before.private_bytes,
            call_interval_s=self.interval_s if self.interval_s is not None else before.call_interval_s,
            reaches_outside=before.reaches_outside,
        )

    def view(self, in_flight: int) -> LocationView:
        return LocationView(
            name=self.name,
            phase=self.phase,
            forwards=self.external is None,
            stays_up=self.spec.placement == "standing",
            waiting=self.waiting,
            in_flight=in_flight,
            live_runs=len(self.runs),
            idle_since=self.idle_since,
            failures=self.failures,
            failed_at=self.failed_at,
            last_error=self.last_error,
            idle_timeout_s=self.spec.idle_timeout_s,
            costs=self.costs(),
            private_bytes=self.private_bytes if self.child else 0,
            memory_limit_bytes=self.spec.memory_limit_bytes,
        )

    def note_use(self, now: float) -> None:
        """A forwarded call began."""
        self.calls += 1
        if self.used_at is not None and (gap := now - self.used_at) > SAME_USE_S:
            old = self.interval_s
            self.interval_s = gap if old is None else old + INTERVAL_WEIGHT * (gap - old)
        if self.used_at is None or now - self.used_at > SAME_USE_S:
            self.used_at = now
        self.idle_since = now

    def note_load(self, now: float) -> None:
        """Its code begins to be loaded, by a probe or a wake."""
        self.loads.append(now)

    def loads_last_hour(self, now: float) -> int:
        return sum(now - at <= HOUR_S for at in self.loads)

    def note_failure(self, reason: str, now: float) -> None:
        self.failures += 1
        self.failed_at = now
        self.last_error = reason
        self.troubles.note_server(reason, self.served.version if self.served else None, now)

    def note_awake(self, child: Child, cold_start_s: float, cpu_s: float | None, kept: bool = False) -> None:
        self.child = child
        self.child_is_kept = kept
        self.failures = 0
        self.sampled_at = 0.0
        self.wakes += 1
        self.cold_start_s = cold_start_s
        self.cold_start_cpu_s = cpu_s
        self.idle_since = time.monotonic()
