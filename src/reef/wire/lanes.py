"""What is done with each RPC: the one table of everything that a code server is asked.

The gateway's dispatch is made from it, and the lanes that observers are told come from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Lane = Literal["answered", "recorded", "forwarded", "by_run", "held"]

Work = Literal[
    "server_id",
    "ping",
    "streaming_ping",
    "health",
    "watch_health",
    "shutdown_wish",
    "read",
    "read_stream",
    "current_runs",
    "can_cancel",
    "cancel",
    "reload",
    "refresh",
    "reload_with_state",
    "start_run",
    "tick",
    "tick_stream",
    "forward",
    "forward_stream",
]
"""The methods of the gateway's desk."""

DAGSTER_API = "api.DagsterApi"
HEALTH = "grpc.health.v1.Health"


@dataclass(frozen=True)
class Rpc:
    """`work` names the method of the gateway's desk that takes the call. `awake` and `asleep` are the lanes of a
    location with and without a child. `streams`: the reply is a stream; every request is a single message."""

    service: str
    name: str
    work: Work
    awake: Lane
    asleep: Lane
    streams: bool = False

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"


def _same(lane: Lane, work: Work, *names: str, streams: bool = False) -> tuple[Rpc, ...]:
    """RPCs of Dagster that take one lane, whether there is a child or not."""
    return tuple(Rpc(DAGSTER_API, name, work, lane, lane, streams) for name in names)


def _of_runs(work: Work, name: str) -> Rpc:
    return Rpc(DAGSTER_API, name, work, "by_run", "answered")


_TABLE: tuple[Rpc, ...] = (
    *_same("answered", "server_id", "GetServerId"),
    *_same("answered", "ping", "Ping", "Heartbeat"),
    *_same("answered", "streaming_ping", "StreamingPing", streams=True),
    *_same("answered", "shutdown_wish", "ShutdownServer"),
    Rpc(HEALTH, "Check", "health", "answered", "answered"),
    Rpc(HEALTH, "Watch", "watch_health", "answered", "answered", streams=True),
    *_same("recorded", "read", "ListRepositories", "ExternalRepository", "ExternalJob", "GetCurrentImage"),
    *_same("recorded", "read_stream", "StreamingExternalRepository", streams=True),
    _of_runs("current_runs", "GetCurrentRuns"),
    _of_runs("can_cancel", "CanCancelExecution"),
    _of_runs("cancel", "CancelExecution"),
    *_same("held", "reload", "ReloadCode"),
    *_same("forwarded", "refresh", "RefreshComponentState"),
    *_same("forwarded", "reload_with_state", "ReloadCodeWithState"),
    *_same("forwarded", "start_run", "StartRun"),
    *_same("forwarded", "tick", "SyncExternalScheduleExecution", "SyncExternalSensorExecution"),
    *_same("forwarded", "tick_stream", "ExternalScheduleExecution", "ExternalSensorExecution", streams=True),
    *_same(
        "forwarded",
        "forward",
        "ExecutionPlanSnapshot",
        "ExternalNotebookData",
        "ExternalPartitionConfig",
        "ExternalPartitionNames",
        "ExternalPartitionTags",
        "ExternalPipelineSubsetSnapshot",
    ),
    *_same("forwarded", "forward_stream", "ExternalPartitionSetExecutionParams", streams=True),
)

RPCS: Mapping[str, Rpc] = {rpc.path: rpc for rpc in _TABLE}


def rpc_of(path: str) -> Rpc:
    """The row of a method path such as `/api.DagsterApi/Ping`. What the table does not know is forwarded, as a stream:
    a single reply is a stream of one."""
    known = RPCS.get(path)
    if known is not None:
        return known
    service, _, name = path.removeprefix("/").rpartition("/")
    return Rpc(service, name, "forward_stream", "forwarded", "forwarded", streams=True)


def path_of(name: str) -> str:
    """The method path of an RPC of Dagster's own API."""
    return f"/{DAGSTER_API}/{name}"
