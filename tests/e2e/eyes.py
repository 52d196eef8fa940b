"""What Dagster sees of one location: its own client before the listener that `reef serve` announces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.external_data import RepositorySnap, SensorExecutionErrorSnap
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import ListRepositoriesResponse, SensorExecutionArgs
from dagster._serdes import deserialize_value
from dagster._utils.error import SerializableErrorInfo
from reefs import Reef

from deadlines import scaled

REPOSITORY = "__repository__"

INSIDE = """
import json, os, sys
from dagster import *

def inside():
    return {{
        "pid": os.getpid(), "cwd": os.getcwd(), "env": dict(os.environ), "path": list(sys.path),
        "python": list(sys.version_info[:2]), "executable": sys.executable, {more}
    }}

@op
def nothing(): ...

@job
def {name}_job():
    nothing()

@sensor(job={name}_job)
def tell(context):
    {tick}
    return SkipReason(json.dumps(inside(), default=str))
"""


def telling(
    name: str, *, before: str = "", more: str = "", tick: str = "pass", after: str | None = None
) -> str:
    """Source of a location whose sensor `tell` says in what process it runs. `before` runs at import, `more` are
    further items of what it says, `tick` runs in the sensor."""
    text = INSIDE.format(name=name, more=more, tick=tick)
    return "\n".join([before, text, after or f"defs = Definitions(jobs=[{name}_job], sensors=[tell])", ""])


def address(reef: Reef, name: str) -> dict[str, Any]:
    """Socket, or host and port, of the listener, from the workspace file that Reef wrote for Dagster."""
    entries = yaml.safe_load((reef.state / "workspace.yaml").read_text())["load_from"]
    return next(
        {k: v for k, v in entry["grpc_server"].items() if k != "location_name"}
        for entry in entries
        if entry["grpc_server"]["location_name"] == name
    )


class Eyes:
    """Dagster's view of one location of a host."""

    def __init__(self, reef: Reef, name: str) -> None:
        self.name = name
        self.where = address(reef, name)
        self.client = DagsterGrpcClient(**self.where)

    def server_id(self) -> str:
        return self.client.get_server_id()

    def listed(self) -> ListRepositoriesResponse | SerializableErrorInfo:
        answer = deserialize_value(self.client.list_repositories())
        assert isinstance(answer, (ListRepositoriesResponse, SerializableErrorInfo))
        return answer

    def repositories(self) -> list[str]:
        listed = self.listed()
        assert isinstance(listed, ListRepositoriesResponse), listed.message
        return [symbol.repository_name for symbol in listed.repository_symbols]

    def load_error(self) -> str:
        """Everything that Dagster shows of a location that does not load."""
        listed = self.listed()
        assert isinstance(listed, SerializableErrorInfo), listed
        return listed.to_string()

    def repository(self, name: str = REPOSITORY) -> RepositorySnap:
        answer = deserialize_value(self.client.external_repository(self._origin(name)))
        assert isinstance(answer, RepositorySnap), answer
        return answer

    def jobs(self, name: str = REPOSITORY) -> list[str]:
        return sorted(job.name for job in self.repository(name).job_datas or [] if job.name != "__ASSET_JOB")

    def _origin(self, repository: str) -> RemoteRepositoryOrigin:
        where = {"host": "localhost", **self.where}
        return RemoteRepositoryOrigin(
            GrpcServerCodeLocationOrigin(**where, location_name=self.name), repository
        )

    def refusal(self) -> str:
        """Why a tick fails; it has to fail as a server that cannot be reached, which Dagster tries again."""
        with pytest.raises(DagsterUserCodeUnreachableError) as refused:
            self.tick()
        assert isinstance(refused.value.__cause__, grpc.Call)
        return str(refused.value.__cause__.details())

    def tick(
        self,
        sensor: str = "tell",
        *,
        repository: str = REPOSITORY,
        cursor: str | None = None,
        timeout: int = 60,
    ) -> dict[str, Any]:
        """What the sensor `tell` says of its process; wakes the location. Raises what Dagster's client raises."""
        args = SensorExecutionArgs(
            repository_origin=self._origin(repository),
            instance_ref=None,
            sensor_name=sensor,
            cursor=cursor,
            timeout=round(scaled(timeout)),
        )
        answer = deserialize_value(self.client.external_sensor_execution(args))
        assert not isinstance(answer, SensorExecutionErrorSnap), answer.error and answer.error.to_string()
        told: dict[str, Any] = json.loads(answer.skip_message or "null")
        return told


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path
