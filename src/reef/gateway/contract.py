"""What the gateway asks, and is told and asked: small, frozen, serializable. It knows no process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Endpoint:
    """Where a location's calls go now: a gRPC target such as `unix:/run/reef/c/12.sock`."""

    target: str
    version: str
    # Names the server for good, whatever it shares its target with; to be compared, not to be read.
    server: str
    # Whether it is a child of ours, somebody else's, the host of a pack that serves many locations at this one target
    # (which asks for a certificate, and for the location's name), or a location's own pod.
    kind: Literal["child", "external", "pack", "pod"] = "child"
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
    server: str = ""  # the endpoint's, that a forwarded call went to
    version: str | None = None  # of the code server that was asked last, where one was
    failed_tick: FailedTick | None = None


class WakeRefused(Exception):
    """A location cannot be woken now. `code` is the gRPC status name the caller gets, `reason` its details."""

    def __init__(self, reason: str, code: str = "UNAVAILABLE") -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class Servers(Protocol):
    """What the gateway asks of who starts and ends the servers of locations. All on the event loop, none blocks it."""

    def endpoint_now(self, name: str) -> Endpoint | None:
        """What is known here of where the location answers; None where it sleeps or nothing is known. Asks nobody."""
        ...

    async def endpoint(self, name: str) -> Endpoint:
        """Wake the location if it sleeps and return where it answers. Raises WakeRefused. The gateway
        bounds it by the caller's deadline; cancelling one waiter must not cancel the wake of the others."""
        ...

    def endpoint_failed(self, name: str, endpoint: Endpoint, reason: str) -> None:
        """A connection to this endpoint could not be made; whoever started it looks after it."""
        ...

    async def run_endpoints(self, name: str) -> tuple[Endpoint, ...]:
        """Every server, serving or draining, that may hold runs of this location."""
        ...

    async def cancel_orphan(self, name: str, run_id: str) -> bool:
        """Cancel a run whose code server is gone but whose process lives. True if there was one."""
        ...

    async def can_cancel_orphan(self, name: str, run_id: str) -> bool: ...

    def shutdown_wish(self, name: str) -> None: ...


class Reloads(Protocol):
    """What the gateway asks of who decides which version is served."""

    async def reload(self, name: str) -> None:
        """ReloadCode: returns once a new version is promoted or refused, at once where nothing changed."""
        ...

    async def reprobe(self, name: str) -> str:
        """After RefreshComponentState / ReloadCodeWithState: probe again; returns the server id then served."""
        ...


class Traffic(Protocol):
    """What the calls of locations are doing, wherever they come in."""

    def in_flight(self, location: str) -> int:
        """Forwarded calls that are held, queued or under way."""
        ...

    def in_flight_to(self, server: str) -> int:
        """Calls under way to one server, by whatever lane."""
        ...

    def asked_at(self, name: str) -> float:
        """When any call of it last ended, polls too (time.monotonic()); 0.0 for never."""
        ...

    def ended(self, server: str) -> None:
        """That server is no more."""
        ...


class Shows(Protocol):
    """Who answers for locations."""

    def serve(self, name: str, served: Served) -> None:
        """Answer this from now on."""
        ...


Observer = Callable[[CallStarted | CallEnded], None]
