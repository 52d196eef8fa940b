"""One code location of a running host: what it is to be, what is released of it, and what serves it."""

from __future__ import annotations

from reef.fleet.model import Location
from reef.gateway.contract import Endpoint
from reef.hosting.contract import Child
from reef.locations.release import Release
from reef.locations.serving import Serving, endpoint_at
from reef.locations.wish import Wish
from reef.records.served import ServedRecord
from reef.views import Costs, LocationView, Phase


class CodeLocation:
    """Its three parts are each changed by methods that only their own room calls (`tests/locations` sees to it); what
    others ask of them can only be read here."""

    def __init__(self, spec: Location) -> None:
        self.wish = Wish(spec)
        self.release = Release()
        self.serving = Serving()
        if spec.server is not None:
            self.serving.use_server(endpoint_at(spec.server))

    @property
    def name(self) -> str:
        return self.wish.spec.name

    @property
    def spec(self) -> Location:
        """What runs."""
        return self.wish.spec

    @property
    def served(self) -> ServedRecord | None:
        return self.release.served

    @property
    def pinned(self) -> str | None:
        """Why it is kept as it is, whatever lies in its folder; None where it is not."""
        return self.release.pinned

    @property
    def child(self) -> Child | None:
        return self.serving.child

    @property
    def external(self) -> Endpoint | None:
        """Where somebody else's server listens; None where Reef starts its children."""
        return self.serving.external

    @property
    def endpoint(self) -> Endpoint | None:
        return self.serving.endpoint

    @property
    def load_error_text(self) -> str:
        """For people."""
        return self.release.load_error or self.serving.last_error or "see `reef status`"

    @property
    def phase(self) -> Phase:
        if self.serving.endpoint is not None:
            return "warm"
        if self.serving.is_waking:
            return "waking"
        if self.served is None:
            return "unprobed"
        return "failed" if self.serving.failures or self.served.load_error else "asleep"

    @property
    def state(self) -> str:
        """For people: its phase, or `draining` or `loading`."""
        if self.serving.draining and self.child is None:
            return "draining"
        if self.release.probing.locked() and self.served is None:
            return "loading"
        return self.phase

    def loads_last_hour(self, now: float) -> int:
        """By probes and wakes."""
        return self.release.loads_last_hour(now) + self.serving.loads_last_hour(now)

    def costs(self) -> Costs:
        """This run's measurements, where there are none the recorded ones."""
        before = self.served.costs() if self.served else Costs()
        now = self.serving
        cpu_s = now.cold_start_cpu_s
        return Costs(
            cold_start_s=now.cold_start_s if now.cold_start_s is not None else before.cold_start_s,
            cold_start_cpu_s=cpu_s if cpu_s is not None else before.cold_start_cpu_s,
            private_bytes=now.private_bytes or before.private_bytes,
            call_interval_s=now.interval_s if now.interval_s is not None else before.call_interval_s,
            reaches_outside=before.reaches_outside,
        )

    def view(self, in_flight: int) -> LocationView:
        """For decisions; `in_flight` are its forwarded calls."""
        now = self.serving
        return LocationView(
            name=self.name,
            phase=self.phase,
            forwards=self.external is None,
            stays_up=self.spec.placement == "standing",
            waiting=now.waiting,
            in_flight=in_flight,
            live_runs=len(now.runs),
            idle_since=now.idle_since,
            failures=now.failures,
            failed_at=now.failed_at,
            last_error=now.last_error,
            idle_timeout_s=self.spec.idle_timeout_s,
            costs=self.costs(),
            private_bytes=now.private_bytes if now.child else 0,
            memory_limit_bytes=self.spec.memory_limit_bytes,
        )
