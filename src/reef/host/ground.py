"""What a host stands on. A simulation stands on another."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from reef.background import Background
from reef.beside.webserver import Webserver
from reef.fleet.model import Fleet
from reef.gateway import Board, Gateway, ListenAddress
from reef.gateway.tracing import NO_TRACES, Traces
from reef.host.fleet_now import FleetNow
from reef.host.reconciling import Addresses, Publish, Rename
from reef.hosting.contract import HostingEvents
from reef.hosting.local import LocalHosting, RefuseFork
from reef.locations.specs import Surroundings
from reef.releasing.quiet import Quiet
from reef.releasing.recording import Recorder
from reef.serving.exits import OnOrphansOver
from reef.serving.planning import Planner
from reef.serving.runs import AskRuns, current_runs
from reef.snapshots import SnapshotStore
from reef.snapshots.record import record


@dataclass(frozen=True)
class Ground:
    """How the parts are made that touch processes, sockets and interpreters."""

    hosting: Callable[[HostingEvents, RefuseFork], LocalHosting]
    cores: int
    board: Callable[[SnapshotStore], Board] = Board
    gateway: Callable[..., Gateway] = Gateway
    planner: Callable[..., Planner] = Planner
    recorder: Recorder = record
    ask_runs: AskRuns = current_runs


@dataclass(frozen=True)
class Outside:
    """What a host is told and tells, besides the calls of Dagster."""

    fleet: FleetNow
    around: Surroundings
    background: Background
    quiet: Quiet
    # None: there is no webserver to be told anything.
    webserver: Webserver | None
    # Blocks.
    listeners: Callable[[tuple[str, ...]], Mapping[str, ListenAddress]]
    addresses: Addresses
    publish: Publish
    rename: Rename
    on_orphans_over: OnOrphansOver
    # None: no instance can be asked for its newest defs state.
    ask_defs_state: Callable[[], Awaitable[object]] | None
    # Prints a line in the terminal.
    say: Callable[[str], None]
    # Takes over the shared services of a fleet; says in words what has changed of them. Raises ReefError.
    services: Callable[[Fleet], Awaitable[str]]
    traces: Traces = NO_TRACES
