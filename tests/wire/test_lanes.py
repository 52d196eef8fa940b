"""The table of lanes against the API that the installed Dagster really has."""

from __future__ import annotations

import inspect
from typing import get_args

import pytest
from dagster._grpc.__generated__ import dagster_api_pb2
from grpc_health.v1 import health_pb2

from reef.gateway.desk import Desk
from reef.wire.lanes import DAGSTER_API, HEALTH, RPCS, Rpc, Work, path_of, rpc_of


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


def test_every_row_names_a_method_of_the_desk_that_replies_as_the_row_says() -> None:
    """A handler that streams writes its reply to the caller and returns nothing."""
    for rpc in (*RPCS.values(), rpc_of("/api.DagsterApi/OfTomorrow")):
        returns = inspect.signature(getattr(Desk, rpc.work)).return_annotation
        assert returns == ("None" if rpc.streams else "bytes"), rpc


def test_every_work_is_used() -> None:
    assert {rpc.work for rpc in RPCS.values()} == set(get_args(Work))


def of(name: str) -> Rpc:
    return rpc_of(path_of(name))


@pytest.mark.parametrize("name", ["GetServerId", "Ping", "StreamingPing", "Heartbeat"])
def test_polls_never_wake(name: str) -> None:
    assert of(name).awake == of(name).asleep == "answered"


@pytest.mark.parametrize("name", ["GetCurrentRuns", "CanCancelExecution", "CancelExecution"])
def test_asleep_means_no_runs(name: str) -> None:
    assert of(name).asleep == "answered"
    assert of(name).awake == "by_run"


def test_what_runs_user_code_is_forwarded() -> None:
    for name in ("StartRun", "SyncExternalSensorExecution", "ExecutionPlanSnapshot", "ReloadCodeWithState"):
        assert of(name).asleep == of(name).awake == "forwarded"


def test_unknown_is_forwarded() -> None:
    unknown = rpc_of("/api.DagsterApi/OfTomorrow")
    assert (unknown.path, unknown.asleep) == ("/api.DagsterApi/OfTomorrow", "forwarded")
    assert rpc_of(f"/{HEALTH}/Check").asleep == "answered"
