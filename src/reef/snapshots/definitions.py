"""What a repository's JSON says it defines: names and numbers, and where each job is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from reef.wire.fields import WireError
from reef.wire.serdes import DefsStates
from reef.words import describe

IMPLICIT_JOB = "__ASSET_JOB"
_REPOSITORY = "ExternalRepositoryData"


class Sensor(msgspec.Struct, frozen=True):
    """`minimum_interval_s` is None where the location leaves it to Dagster (30 s)."""

    name: str
    repository: str
    minimum_interval_s: float | None = None
    starts_running: bool = False


class Schedule(msgspec.Struct, frozen=True):
    name: str
    repository: str
    starts_running: bool = False


class Definitions(msgspec.Struct, frozen=True):
    """Everything that one version of a location defines; Dagster's implicit asset jobs are left out."""

    repositories: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    assets: int = 0
    asset_checks: int = 0
    dagster_version: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Plain JSON values; `definitions_from` reads them back."""
        plain: dict[str, object] = msgspec.to_builtins(self)
        return plain


def definitions_from(plain: Mapping[str, object]) -> Definitions:
    """The opposite of `as_dict`; unknown keys are ignored, raises msgspec.ValidationError for wrong types."""
    return msgspec.convert(plain, Definitions)


class _Enum(msgspec.Struct, rename={"value": "__enum__"}):
    value: str


class _Named(msgspec.Struct):
    name: str


class _Instigator(msgspec.Struct):
    name: str
    min_interval: float | None = None
    default_status: _Enum | None = None

    @property
    def starts_running(self) -> bool:
        return self.default_status is not None and self.default_status.value.endswith(".RUNNING")


class _Repository(msgspec.Struct, rename={"kind": "__class__"}):
    kind: str
    name: str = ""
    external_schedule_datas: list[_Instigator] = []
    external_sensor_datas: list[_Instigator] = []
    external_asset_graph_data: list[msgspec.Raw] = []
    external_asset_checks: list[msgspec.Raw] | None = None
    external_pipeline_datas: list[msgspec.Raw] | None = None
    external_job_refs: list[_Named] | None = None
    defs_state_info: DefsStates | None = None


class ReadRepository(msgspec.Struct, frozen=True):
    """`jobs` maps the name to start and end of that job's JSON; empty where job data was deferred. `defs_state` is the
    version of Dagster's defs state that was loaded, by its key."""

    error: bool
    definitions: Definitions
    jobs: dict[str, tuple[int, int]]
    job_names: tuple[str, ...]
    defs_state: dict[str, str] = {}


def read_repository(text: bytes, name: str) -> ReadRepository:
    """Look into an ExternalRepository answer; raises WireError where it is none."""
    try:
        read = msgspec.json.decode(text, type=_Repository)
    except msgspec.ValidationError as error:
        raise WireError(f"not a repository: {describe(error)}") from None
    except msgspec.DecodeError:
        read = _lenient(text)  # NaN and Infinity, which Python's JSON writes and others do not read
    if read.kind != _REPOSITORY:
        return ReadRepository(True, Definitions(repositories=(name,)), {}, ())
    jobs = _job_spans(text, read.external_pipeline_datas or [])
    refs = [job.name for job in read.external_job_refs or []]
    state = read.defs_state_info.versions() if read.defs_state_info else {}
    return ReadRepository(False, _definitions(read, name, (*jobs, *refs)), jobs, (*jobs, *refs), state)


def merged(parts: Iterable[Definitions], dagster_version: str | None) -> Definitions:
    """Of all repositories of a location."""
    all_parts = list(parts)
    return Definitions(
        repositories=tuple(name for part in all_parts for name in part.repositories),
        jobs=tuple(name for part in all_parts for name in part.jobs),
        schedules=tuple(schedule for part in all_parts for schedule in part.schedules),
        sensors=tuple(sensor for part in all_parts for sensor in part.sensors),
        assets=sum(part.assets for part in all_parts),
        asset_checks=sum(part.asset_checks for part in all_parts),
        dagster_version=dagster_version,
    )


def _definitions(read: _Repository, name: str, jobs: Iterable[str]) -> Definitions:
    return Definitions(
        repositories=(name,),
        jobs=tuple(job for job in jobs if not job.startswith(IMPLICIT_JOB)),
        schedules=tuple(
            Schedule(found.name, name, found.starts_running) for found in read.external_schedule_datas
        ),
        sensors=tuple(
            Sensor(found.name, name, found.min_interval, found.starts_running)
            for found in read.external_sensor_datas
        ),
        assets=len(read.external_asset_graph_data),
        asset_checks=len(read.external_asset_checks or ()),
    )


def _job_spans(text: bytes, jobs: Iterable[msgspec.Raw]) -> dict[str, tuple[int, int]]:
    """Where each job's JSON is in the text: it is what the code server answers to ExternalJob."""
    spans: dict[str, tuple[int, int]] = {}
    position = 0
    for raw in jobs:
        body = bytes(raw)
        start = text.find(body, position)
        if start < 0:
            break
        position = start + len(body)
        spans[_job_name(body)] = (start, position)
    return spans


def _job_name(body: bytes) -> str:
    try:
        return msgspec.json.decode(body, type=_Named).name
    except msgspec.DecodeError:
        return str(json.loads(body)["name"])


def _lenient(text: bytes) -> _Repository:
    try:
        plain: dict[str, Any] = json.loads(text)
        for key in ("external_pipeline_datas", "external_asset_graph_data", "external_asset_checks"):
            if plain.get(key) is not None:
                plain[key] = [msgspec.Raw(json.dumps(item).encode()) for item in plain[key]]
        return msgspec.convert(plain, _Repository)
    except (ValueError, TypeError, AttributeError, msgspec.MsgspecError) as error:
        raise WireError(f"not a repository: {describe(error)}") from None
