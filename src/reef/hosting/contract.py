"""The one interface for every place where a location's code can run.

A child is addressed by its `id`, which means nothing to others; a hosting never raises for what a location's code
does, it reports it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from reef.hosting.plan import LeftOut

Purpose = Literal["serve", "probe"]


@dataclass(frozen=True)
class LoadTimeout:
    """How long code may take to load, and which setting says so."""

    seconds: float
    setting: str


@dataclass(frozen=True)
class ChildSpec:
    """Everything needed to make one code server: `python -m dagster api grpc` with these settings."""

    location: str
    version: str
    purpose: Purpose
    python: str  # the location's own interpreter
    grpc_args: tuple[
        str, ...
    ]  # after `dagster api grpc`, without socket; e.g. ("-f", "/x/defs.py", "--location-name", "x")
    cwd: str
    env: Mapping[str, str]  # the complete environment of the process; in a container, beside what that has
    socket: str  # filesystem path where it must listen, at most 107 bytes
    log_path: str  # stdout and stderr are appended here
    root: str = "/"  # the file tree the child sees; another image's in a pack
    copy: str = ""  # a tree of kept source that the child finds before the real one; "" for none
    memory_limit_bytes: int | None = None  # of private memory until it answers; later its host samples it
    load_timeout: LoadTimeout | None = None  # what the timeout that it is started with is part of


@dataclass(frozen=True)
class Child:
    """A running code server. `forked` is False where a fresh interpreter had to be started."""

    location: str
    version: str
    purpose: Purpose
    pid: int
    start_ticks: int  # field 22 of /proc/PID/stat: with the pid it names a process for good
    socket: str
    forked: bool
    started_at: float  # time.time()

    @property
    def id(self) -> str:
        """Names this child for good; to be compared, not to be read."""
        named = (
            f"{self.pid}.{self.start_ticks}.{self.socket}"  # in two containers the same pid may start at once
        )
        return hashlib.sha256(named.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Exit:
    """How a child ended; `status` is a wait status as `os.waitstatus_to_exitcode` reads it, None if unknown."""

    child: Child
    status: int | None
    expected: bool  # stop() had been called


@dataclass(frozen=True)
class LoadReport:
    """What a probe's guest saw while the location loaded (paths absolute)."""

    modules: Mapping[str, str]  # imported module -> file ("" for built-in)
    files_read: tuple[
        str, ...
    ]  # opened for reading, outside the interpreter's own and its distributions' files
    dirs_listed: tuple[str, ...]
    env_read: Mapping[str, tuple[str, ...]]  # module -> environment variables it read while it was imported
    threads: int
    load_s: float
    private_bytes: int
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # module -> modules its body asked for
    connects: tuple[str, ...] = ()  # other machines, `host:port`
    starts: tuple[str, ...] = ()  # programs, without folder and arguments
    at: str = ""  # `file:line` where its own code was when it was asked; "" where it had loaded


@dataclass(frozen=True)
class MemorySample:
    """Bytes. `private` is what ending the child would give back; `pss` its share of everything mapped."""

    private: int
    pss: int
    rss: int
    anonymous: int = 0  # of rss: what no file is behind, whoever shares it
    peak: int = 0  # the most that rss ever was; 0 where that was not asked for


@dataclass(frozen=True)
class ZygoteStatus:
    """For `reef status`: one zygote, what it serves, what it costs."""

    key: str
    pid: int
    python: str
    modules: int
    locations: tuple[str, ...]
    memory: MemorySample | None
    build_s: float
    features: tuple[str, ...] = ()  # of: preload, rehearsal, plugged, immortal
    left_out: tuple[LeftOut, ...] = ()
    successor_failed: str | None = None  # why an older zygote still serves


class StartFailed(Exception):
    """The child could not be started or ended before it answered; `reason` is for people, may hold its last lines."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


@dataclass(frozen=True)
class HostingEvents:
    """Callbacks, all called on the event loop."""

    on_exit: Callable[[Exit], None] = field(default=lambda _exit: None)
    on_ending: Callable[[Child], None] = field(
        default=lambda _child: None
    )  # it still runs, and will be told to end


class Hosting(Protocol):
    """Starts, watches and ends children. Guarantees: at most one process for each Child; no zombies; `stop`
    always ends in the death of the process; cancelling `start` leaves no process."""

    async def start(self, spec: ChildSpec, timeout_s: float) -> Child:
        """Start a code server and return once it *answers* a Ping. Raises StartFailed."""
        ...

    async def stop(self, child: Child, grace_s: float, *, runs_too: bool = False) -> None:
        """SIGTERM, after `grace_s` SIGKILL. Returns when it is dead. Never raises for one already gone. What it
        started ends with it, however it dies; but while it has runs, all that is left alone, unless `runs_too`."""
        ...

    async def load_report(self, child: Child) -> LoadReport | None:
        """The report of a probe; None where it could not be had (a fresh interpreter without the guest)."""
        ...

    async def adopt(self) -> Sequence[Child]:
        """Take up children that an earlier host left running."""
        ...

    async def memory(self, child: Child) -> MemorySample | None: ...

    def not_forked_because(self, name: str) -> str | None:
        """Why a location runs in a fresh interpreter, or None where it forks."""
        ...

    def zygotes(self) -> Sequence[ZygoteStatus]: ...

    async def close(self, *, leave_children: bool) -> None: ...
