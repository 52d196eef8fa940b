"""The table of lanes against the API that the installed Dagster really has."""

from __future__ import annotations

import pytest
from dagster._grpc.__generated__ import dagster_api_pb2
from grpc_health.v1 import health_pb2

from reef.wire.lanes import DAGSTER_API, HEALTH, RPCS, lane_of, path_of


def real_rpcs() -> dict[str, bool]:
    services = (
        dagster_api_pb2.DESCRIPTOR.services_by_name["DagsterApi"],
        health_pb2.DESCRIPTOR.services_by_name["Health"],
    )
    return {
        f"/{service.full_name}/{method.name}": method.server_streaming
        for service in services
        for method in service.methods
    }


def test_the_table_knows_every_rpc_and_whether_it_streams() -> None:
    known = {path: rpc.streams for path, rpc in RPCS.items()}
    real = real_rpcs()
    real.pop("/grpc.health.v1.Health/List", None)  # of newer health packages; forwarded like anything unknown
    assert known == real
    assert sum(rpc.service == DAGSTER_API for rpc in RPCS.values()) == 28


def test_no_request_streams() -> None:
    services = dagster_api_pb2.DESCRIPTOR.services_by_name["DagsterApi"]
    assert not any(method.client_streaming for method in services.methods)


@pytest.mark.parametrize("name", ["GetServerId", "Ping", "StreamingPing", "Heartbeat"])
def test_polls_never_wake(name: str) -> None:
    assert lane_of(path_of(name), awake=True) == lane_of(path_of(name), awake=False) == "answered"


@pytest.mark.parametrize("name", ["GetCurrentRuns", "CanCancelExecution", "CancelExecution"])
def test_asleep_means_no_runs(name: str) -> None:
    assert lane_of(path_of(name), awake=False) == "answered"
    assert lane_of(path_of(name), awake=True) == "by_run"


def test_what_runs_user_code_is_forwarded() -> None:
    for name in ("StartRun", "SyncExternalSensorExecution", "ExecutionPlanSnapshot", "ReloadCodeWithState"):
        assert lane_of(path_of(name), awake=False) == "forwarded"


def test_unknown_is_forwarded() -> None:
    assert lane_of("/api.DagsterApi/OfTomorrow", awake=False) == "forwarded"
    assert lane_of(f"/{HEALTH}/Check", awake=False) == "answered"
