"""The same locations under Dagster's public command alone, each in a fresh interpreter."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.remote_representation.external_data import SensorExecutionErrorSnap
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import SensorExecutionArgs
from dagster._serdes import deserialize_value
from eyes import REPOSITORY
from reefs import until

from deadlines import scaled


@contextmanager
def plain_server(python: Path, place: Path, env: Mapping[str, str]) -> Iterator[DagsterGrpcClient]:
    """`dagster api grpc` on the `defs.py` of a folder, as Dagster's launcher starts one; the client once it answers."""
    socket = place / "plain.sock"
    code = ("--python-file", str(place / "defs.py"), "--working-directory", str(place))
    command = [str(python), "-m", "dagster", "api", "grpc", "--socket", str(socket), *code]
    command += ["--location-name", place.name, "--use-python-environment-entry-point"]
    with (place / "plain.log").open("wb") as log:
        server = subprocess.Popen(
            command, cwd=place.parent, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        client = DagsterGrpcClient(socket=str(socket))
        until(lambda: _answers(client, server, place), 100.0, f"for the plain server of {place.name}")
        yield client
    finally:
        server.kill()
        server.wait()


def _answers(client: DagsterGrpcClient, server: subprocess.Popen[bytes], place: Path) -> bool:
    assert server.poll() is None, (place / "plain.log").read_text()
    try:
        return client.ping("") is not None
    except Exception:
        return False


def tick(client: DagsterGrpcClient, place: Path) -> str:
    """What the sensor `tell` says."""
    origin = GrpcServerCodeLocationOrigin(
        host="localhost", socket=str(place / "plain.sock"), location_name=place.name
    )
    args = SensorExecutionArgs(
        repository_origin=RemoteRepositoryOrigin(origin, REPOSITORY),
        instance_ref=None,
        sensor_name="tell",
        cursor=None,
        timeout=round(scaled(60)),
    )
    answer = deserialize_value(client.external_sensor_execution(args))
    assert not isinstance(answer, SensorExecutionErrorSnap), answer.error and answer.error.to_string()
    return answer.skip_message or ""


def plain_environment(python: Path, **more: str) -> dict[str, str]:
    """What a code server has whose launcher was started as these tests are."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("REEF_", "DAGSTER_"))}
    return {**env, "PATH": os.pathsep.join((str(python.parent), env["PATH"])), **more}
