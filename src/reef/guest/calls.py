"""The calls that webserver and daemon make of a code server, made in this process through Dagster's own client."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Callable
from typing import Any

from .stub import Call


def usual(call: Call, ticks: bool, instance_ref: Any, notes: list[str]) -> None:
    """Reads always; with `ticks` also plans, sensors and schedules, which run a location's own code. What does not
    work with this Dagster is noted and passed over."""
    client = _client(call)
    for read in (client.get_server_id, client.get_current_image, lambda: client.ping("")):
        _try(read, notes)
    listed = _try(client.list_repositories, notes)
    for name in _repositories(listed):
        _repository(client, name, ticks, instance_ref, notes)


def _client(call: Call) -> Any:
    client: Any = importlib.import_module("dagster._grpc.client").DagsterGrpcClient

    class InProcess(client):  # type: ignore[misc]
        def _query(self, method: str, request_type: Any, timeout: Any = None, **kwargs: Any) -> Any:
            kwargs.pop("custom_timeout_message", None)
            return call(method, request_type(**kwargs))

        def _streaming_query(self, method: str, request_type: Any, timeout: Any = None, **kwargs: Any) -> Any:
            return self._query(method, request_type, timeout, **kwargs)

    return InProcess(socket="/nonexistent/reef.sock")


def _repositories(listed: Any) -> list[str]:
    deserialize_value: Any = importlib.import_module("dagster._serdes").deserialize_value

    if listed is None:
        return []
    symbols = getattr(deserialize_value(listed), "repository_symbols", None) or ()
    return [symbol.repository_name for symbol in symbols]


def _repository(client: Any, name: str, ticks: bool, instance_ref: Any, notes: list[str]) -> None:
    origins: Any = importlib.import_module("dagster._core.remote_origin")
    deserialize_value: Any = importlib.import_module("dagster._serdes").deserialize_value

    location = origins.GrpcServerCodeLocationOrigin(
        host="localhost", socket="/nonexistent/reef.sock", location_name="sample"
    )
    origin = origins.RemoteRepositoryOrigin(location, name)
    _try(lambda: client.external_repository(origin, defer_snapshots=True), notes)
    data = _try(lambda: deserialize_value(client.external_repository(origin)), notes)
    _try(lambda: list(client._streaming_query("StreamingExternalRepository", *_streamed(origin))), notes)
    for job in [job.name for job in getattr(data, "job_datas", None) or ()][:3]:
        _try(lambda: client.external_job(origin, job), notes)  # noqa: B023
    if ticks and data is not None:
        _plans(client, origin, data, notes)
        _ticks(client, origin, data, instance_ref, notes)


def _streamed(origin: Any) -> tuple[Any, ...]:
    dagster_api_pb2: Any = importlib.import_module("dagster._grpc.__generated__").dagster_api_pb2
    serialize_value: Any = importlib.import_module("dagster._serdes").serialize_value

    def request() -> Any:
        value = serialize_value(origin)
        return dagster_api_pb2.ExternalRepositoryRequest(serialized_repository_python_origin=value)

    return (request,)


def _plans(client: Any, origin: Any, data: Any, notes: list[str]) -> None:
    for job in data.job_datas[:3]:
        _try(lambda: client.execution_plan_snapshot(_plan(origin, job.name)), notes)  # noqa: B023
        _try(lambda: client.external_pipeline_subset(_subset(origin, job.name)), notes)  # noqa: B023


def _plan(origin: Any, job: str) -> Any:
    origins: Any = importlib.import_module("dagster._core.remote_origin")
    types: Any = importlib.import_module("dagster._grpc.types")

    return types.ExecutionPlanSnapshotArgs(
        job_origin=origins.RemoteJobOrigin(origin, job),
        op_selection=[],
        run_config={},
        step_keys_to_execute=None,
        job_snapshot_id="snapshot",
    )


def _subset(origin: Any, job: str) -> Any:
    origins: Any = importlib.import_module("dagster._core.remote_origin")
    types: Any = importlib.import_module("dagster._grpc.types")

    job_origin = origins.RemoteJobOrigin(origin, job)
    return types.JobSubsetSnapshotArgs(job_origin=job_origin, op_selection=None, asset_selection=None)


def _ticks(client: Any, origin: Any, data: Any, instance_ref: Any, notes: list[str]) -> None:
    for sensor in data.sensors:
        asked = (origin, instance_ref, sensor.name)
        _try(lambda: client.external_sensor_execution(_sensor_args(*asked)), notes)  # noqa: B023
    for schedule in data.schedules:
        when = (origin, instance_ref, schedule.name, time.time(), "UTC")
        _try(lambda: client.external_schedule_execution(_schedule_args(*when)), notes)  # noqa: B023


def _sensor_args(*asked: Any) -> Any:
    types: Any = importlib.import_module("dagster._grpc.types")

    return types.SensorExecutionArgs(*asked, None, None, None)


def _schedule_args(*when: Any) -> Any:
    types: Any = importlib.import_module("dagster._grpc.types")

    return types.ExternalScheduleExecutionArgs(*when)


def _try(call: Callable[[], Any], notes: list[str]) -> Any:
    try:
        return call()
    except Exception as error:
        notes.append(f"{type(error).__name__}: {error}"[:300])
        return None


def sample() -> str:
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), "sample_location.py")
