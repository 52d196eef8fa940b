"""The Dagster instance is opened only when something uses it, and everything else is as before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hosts import GOOD, Host, child_env
from states import make_home

from deadlines import scaled

Write = Callable[[str], Path]

TICK = """
import sys
from dagster._core.instance import InstanceRef
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import SensorExecutionArgs
socket, home = sys.argv[1:]
location = GrpcServerCodeLocationOrigin("localhost", socket=socket, location_name="x")
origin = RemoteRepositoryOrigin(location, "__repository__")
args = SensorExecutionArgs(origin, InstanceRef.from_dir(home), "reads_instance", None, None, None)
print(DagsterGrpcClient(socket=socket).external_sensor_execution(args))
"""

TELLS = "import os, dagster as dg\nprint('SEEN', os.environ.get('FROM_FILE'), flush=True)\ndefs = dg.Definitions()\n"

WITH_STATE = """
import os
import dagster as dg
from dagster._core.definitions.definitions_load_context import DefinitionsLoadContext
from dagster._core.storage.defs_state.base import DefsStateStorage

storage = DefsStateStorage.get()
assert isinstance(storage, DefsStateStorage), storage
context = DefinitionsLoadContext.get()
asked = getattr(context, "get_defs_key_state_info", None) or context._get_defs_key_state_info  # older Dagsters
info = asked("some-key")
print("STATE", info, storage.get_latest_version("some-key"), flush=True)
defs = dg.Definitions()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home")


def opened(home: Path) -> bool:
    return any(path.suffix == ".db" for path in home.rglob("*"))


@pytest.mark.parametrize("location", ["f10", "x0"])
def test_it_is_opened_by_the_first_tick_that_reads_it(
    host: Host, code: Write, home: Path, location: str
) -> None:
    child = host.start(host.spec(location, code(GOOD), env=child_env(DAGSTER_HOME=str(home))))
    try:
        assert not opened(home)
        command = [sys.executable, "-c", TICK, child.socket, str(home)]
        ticked = subprocess.run(command, capture_output=True, text=True, timeout=scaled(100))
        assert "runs: 0" in ticked.stdout, ticked.stderr
        assert opened(home)
    finally:
        host.stop(child, 0)


@pytest.mark.parametrize("location", ["f11", "x0"])
def test_an_env_file_in_the_working_directory_is_loaded(
    host: Host, code: Write, home: Path, tmp_path: Path, location: str
) -> None:
    (tmp_path / ".env").write_text("FROM_FILE=yes\n")
    child = host.start(host.spec(location, code(TELLS), env=child_env(DAGSTER_HOME=str(home))))
    host.stop(child, 0)
    assert host.log(location).count("SEEN yes") == 1
    assert not opened(home)
    os.unlink(host.spec(location, code(TELLS)).log_path)


def test_secrets_are_injected_without_opening_it(host: Host, code: Write, home: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / ".env").write_text("FROM_FILE=injected\n")
    env = child_env(DAGSTER_HOME=str(home), DAGSTER_PROJECT_ENV_FILE_PATHS='{"f12": "secrets"}')
    child = host.start(host.spec("f12", code(TELLS), env=env, args=("--inject-env-vars-from-instance",)))
    host.stop(child, 0)
    assert "SEEN injected" in host.log("f12")
    assert not opened(home)


def test_definitions_with_state_get_their_storage(host: Host, code: Write, home: Path) -> None:
    child = host.start(host.spec("f13", code(WITH_STATE), env=child_env(DAGSTER_HOME=str(home))))
    host.stop(child, 0)
    assert "STATE None None" in host.log("f13")
    assert opened(home)


def test_without_a_home_it_is_as_before(host: Host, code: Write) -> None:
    child = host.start(host.spec("f14", code(TELLS), env=child_env()))
    host.stop(child, 0)
    assert "SEEN None" in host.log("f14")
