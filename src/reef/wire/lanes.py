"""Which lane each RPC takes: the one table of everything that a code server is asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Lane = Literal["answered", "recorded", "forwarded", "by_run", "held"]

DAGSTER_API = "api.DagsterApi"
HEALTH = "grpc.health.v1.Health"


@dataclass(frozen=True)
class Rpc:
    """`awake` and `asleep` are the lanes of a location with and without a child; all requests are single."""

    service: str
    name: str
    awake: Lane
    asleep: Lane
    streams: bool = False  # the reply is a stream
    then_probed: bool = False  # user code may have changed what the location is

    @property
    def path(self) -> str:
        return f"/{self.service}/{self.name}"


def _same(lane: Lane, *names: str, streams: bool = False, then_probed: bool = False) -> tuple[Rpc, ...]:
    return tuple(Rpc(DAGSTER_API, name, lane, lane, streams, then_probed) for name in names)


_TABLE: tuple[Rpc, ...] = (
    *_same("answered", "GetServerId", "Ping", "Heartbeat", "ShutdownServer"),
    *_same("answered", "StreamingPing", streams=True),
    Rpc(HEALTH, "Check", "answered", "answered"),
    Rpc(HEALTH, "Watch", "answered", "answered", streams=True),
    *_same("recorded", "ListRepositories", "ExternalRepository", "ExternalJob", "GetCurrentImage"),
    *_same("recorded", "StreamingExternalRepository", streams=True),
    *(
        Rpc(DAGSTER_API, name, "by_run", "answered")
        for name in ("GetCurrentRuns", "CanCancelExecution", "CancelExecution")
    ),
    *_same("held", "ReloadCode"),
    *_same("forwarded", "RefreshComponentState", "ReloadCodeWithState", then_probed=True),
    *_same(
        "forwarded",
        "ExecutionPlanSnapshot",
        "ExternalNotebookData",
        "ExternalPartitionConfig",
        "ExternalPartitionNames",
        "ExternalPartitionTags",
        "ExternalPipelineSubsetSnapshot",
        "StartRun",
        "SyncExternalScheduleExecution",
        "SyncExternalSensorExecution",
    ),
    *_same(
        "forwarded",
        "ExternalPartitionSetExecutionParams",
        "ExternalScheduleExecution",
        "ExternalSensorExecution",
        streams=True,
    ),
)

RPCS: Mapping[str, Rpc] = {rpc.path: rpc for rpc in _TABLE}


def lane_of(path: str, *, awake: bool) -> Lane:
    """The lane of a method path such as `/api.DagsterApi/Ping`; what the table does not know is forwarded."""
    rpc = RPCS.get(path)
    if rpc is None:
        return "forwarded"
    return rpc.awake if awake else rpc.asleep


def path_of(name: str) -> str:
    """The method path of an RPC of Dagster's own API."""
    return f"/{DAGSTER_API}/{name}"
