"""Messages between gateway and control: small, frozen, serializable. The gateway knows no process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Endpoint:
    """Where a location's calls go now: a gRPC target such as `unix:/run/reef/c/12.sock`."""

    target: str
    version: str
    child: str  # opaque id of the child, "" for external servers
    ssl: bool = False


@dataclass(frozen=True)
class Served:
    """What the gateway answers for a location without asking anybody.

    `snapshot` is the digest of a location snapshot in the store, None where there is none yet.
    `load_error` is a serialized Dagster `SerializableErrorInfo` (JSON) that ListRepositories answers instead.
    """

    server_id: str
    snapshot: str | None
    load_error: str | None = None


@dataclass(frozen=True)
class CallStarted:
    location: str
    method: str
    lane: str  # answered | recorded | forwarded | by_run | held


@dataclass(frozen=True)
class FailedTick:
    """A schedule or sensor whose tick failed, with a gRPC status or with an error inside an OK reply. `error` is the
    status, or the classes of the error, outermost first; `text` one line for people."""

    name: str
    error: str
    text: str


@dataclass(frozen=True)
class CallEnded:
    location: str
    method: str
    lane: str
    seconds: float
    code: str  # gRPC status name
    error: str | None = None
    run_id: str | None = None  # of StartRun
    child: str = ""  # the endpoint's, that a forwarded call went to
    version: str | None = None  # of the code server that was asked last, where one was
    failed_tick: FailedTick | None = None


class WakeRefused(Exception):
    """A location cannot be woken now. `code` is the gRPC status name the caller gets, `reason` its details."""

    def __init__(self, reason: str, code: str = "UNAVAILABLE") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Control(Protocol):
    """What the gateway asks of the control loop. All on the event loop, none blocks it."""

    async def endpoint(self, location: str) -> Endpoint:
        """Wake the location if it sleeps and return where it answers. Raises WakeRefused. The gateway
        bounds it by the caller's deadline; cancelling one waiter must not cancel the wake of the others."""
        ...

    def endpoint_now(self, location: str) -> Endpoint | None:
        """The endpoint if the location is warm (fast path), else None."""
        ...

    def endpoint_failed(self, location: str, endpoint: Endpoint, reason: str) -> None:
        """A connection to this endpoint could not be made; control checks the child."""
        ...

    def run_endpoints(self, location: str) -> tuple[Endpoint, ...]:
        """Every child, serving or draining, that may hold runs of this location."""
        ...

    def cancel_orphan(self, location: str, run_id: str) -> bool:
        """Cancel a run whose code server is gone but whose process lives. True if there was one."""
        ...

    def can_cancel_orphan(self, location: str, run_id: str) -> bool: ...

    async def reload(self, location: str) -> None:
        """ReloadCode: returns once a new version is promoted or refused, at once where nothing changed."""
        ...

    async def reprobe(self, location: str) -> str:
        """After RefreshComponentState / ReloadCodeWithState: probe again; returns the server id then served."""
        ...

    def shutdown_wish(self, location: str) -> None: ...


Observer = Callable[[CallStarted | CallEnded], None]
